"""What the package writes into its tables as English sentences, in Chinese for the Chinese page.

The tables stay English: notebooks, files and a run's own checks read them. A sentence the package does not
write, such as a planner's own words, stays as it is.
"""

from __future__ import annotations

import re
from functools import cache

from invnb.report.wording import Wording

_ZH = Wording("zh", "")
_NUMBER = r"[-+]?[\d.,]+(?:e[-+]?\d+)?"

# Pattern of the English sentence, and the Chinese one; the first pattern that fits the whole text counts. The
# part `model` is put in the wording's words, `day` is a date, `sentence` is looked up here; others stay.
_CLEANING = (
    ("blank sku", "SKU为空"),
    ("unknown sku", "SKU不在商品表中"),
    ("sku spelled as in the product list", "SKU改为商品表中的写法"),
    ("blank name, called by its sku", "名称为空，以SKU代替"),
    (r"(?P<sentence>.+), set to missing", "{sentence}，视为缺失"),
    (r"(?P<sentence>.+), set to (?P<value>\S+)", "{sentence}，设为{value}"),
    (r"unreadable (?P<column>\w+)", "{column}无法读取"),
    (r"blank (?P<column>\w+)", "{column}为空"),
    (rf"(?P<column>\w+) not at least (?P<low>{_NUMBER})", "{column}小于{low}"),
    (rf"(?P<column>\w+) not (?P<low>{_NUMBER}) to (?P<high>{_NUMBER})", "{column}不在{low}到{high}之间"),
    (r"(?P<column>\w+) with another decimal sign", "{column}的小数点写法不同"),
    (r"(?P<end>\w+) before (?P<start>\w+_date)", "{end}早于{start}"),
    ("exact duplicate", "与前面某行完全相同"),
    (r"second line for the same (?P<key>[\w, ]+)", "{key}相同的第二行"),
    ("after data_through", "晚于data_through"),
    ("not a product", "不是商品（运费、手续费等）"),
    ("stray order_ts, far from all others", "order_ts远离其他所有日期"),
    (r'unknown status "(?P<word>.*)", taken as paid', "未知状态“{word}”，按已付款处理"),
    ("same order line from another channel", "另一渠道导出的同一订单行"),
    ("cancelled order", "已取消的订单"),
    ("refunded order", "已退款的订单"),
    ("voided order", "已作废的订单"),
    ("test order", "测试订单"),
    ("order and its cancellation", "订单及其取消"),
    ("stock write-off", "库存报损"),
    ("return, moved to the table returns", "退货，移入returns表"),
    ("return without its order, moved to the table returns", "找不到原订单的退货，移入returns表"),
    ("return of an unknown order, kept", "原订单未知的退货，保留"),
    ("zero units", "件数为零"),
    (r"nothing paid \(gift or sample\)", "未付款（赠品或样品）"),
    ("negative value", "金额为负"),
    ("bulk order, kept", "大宗订单，保留"),
    ("price of several units, maybe a carton, kept", "价格相当于多件，可能是整箱，保留"),
    ("unit cost above list price, kept", "单位成本高于标价，保留"),
    ("older snapshot", "较早的库存快照"),
    ("negative stock, read as units owed to customers", "库存为负，视为欠客户的件数"),
    ("receipt without its order", "找不到采购订单的收货"),
    ("planned but not run", "计划过但没有执行的促销"),
    (rf"open for more than (?P<n>{_NUMBER}) lead times, marked zombie", "未结超过{n}个提前期，标记为zombie"),
    ("wrong number of cells", "单元格数目不对"),
    ('column "(?P<heading>.*)" looks like personal data', "列“{heading}”疑似个人信息"),
    ("stock of (?P<places>.+) is added up, because sales do not name a location",
     "{places}的库存合计，因为销售没有写明地点"),
    ("taken from the last day of the stock history", "取自每日库存的最后一天"),
)  # fmt: skip
_FORECASTS = (
    ("no origin to compare on", "没有可供比较的预测起点"),
    ("least loss", "损失最小"),
    (r"within noise of (?P<model>\S+), and the mean of several, seldom far off",
     "与{model}之差在噪声之内，且为多个模型的平均，很少偏得远"),
    (r"within noise of (?P<model>\S+), and simpler", "与{model}之差在噪声之内，且更简单"),
    ("no learned model leads alone before two seasons", "有两个完整季节的数据之前，学习型模型不单独入选"),
    (r"its bias of (?P<bias>\S+) is mended by its past surprises", "{bias}的偏差由以往的预测误差修正"),
    (r"ties with (?P<model>\S+) by pinball loss, and costs less beyond noise",
     "分位数损失与{model}相当，成本更低且超出噪声"),
    ("ended: no longer on sale", "已停售"),
    ("no history: borrowed from how other products started", "没有历史：借用其他商品上市初期的情况"),
    (rf"new: (?P<n>{_NUMBER}) known periods without a sale, partly borrowed from how other products started",
     "新品：已知{n}期，没有销售，部分借用其他商品上市初期的情况"),
    (rf"new: (?P<n>{_NUMBER}) known periods, partly borrowed from how other products started",
     "新品：已知{n}期，部分借用其他商品上市初期的情况"),
    (rf"no sale in (?P<n>{_NUMBER}) known periods: about half a unit over as many is expected",
     "已知{n}期没有销售：预计今后同样多的期内约半件"),
    (rf"nothing known for the last (?P<n>{_NUMBER}) periods: older demand, wider paths",
     "最近{n}期情况不明：用更早的需求，范围更宽"),
    (rf"sold out in (?P<k>{_NUMBER}) of (?P<n>{_NUMBER}) known periods: demand beyond sales is a guess",
     "已知{n}期中有{k}期售罄：销售以外的需求只是推测"),
    (rf"(?P<n>{_NUMBER}) units from (?P<day>\S+) are far beyond all before: taken as (?P<taken>{_NUMBER})",
     "{day}起一期的{n}件远超以往：按{taken}件计"),
    (rf"one sale in (?P<n>{_NUMBER}) known periods", "已知{n}期中仅一期有销售"),
    ("constant demand: its variation is that of its demand class", "需求恒定：其波动取所属需求类别的波动"),
)  # fmt: skip
_ECONOMICS = (
    ("lead time", "提前期"),
    ("review period", "检查间隔"),
    ("holding cost", "持有成本"),
    ("shortage cost", "缺货成本"),
    ("backorder cost", "欠货成本"),
    ("lost share", "流失比例"),
    ("order cost", "订货成本"),
    ("unit cost", "单位成本"),
    ("pack size", "整箱件数"),
    ("minimum order", "最小订量"),
)
_KNOWN = tuple((re.compile(english), chinese) for english, chinese in (*_CLEANING, *_FORECASTS, *_ECONOMICS))


@cache
def in_chinese(text: str) -> str:
    """A reason or note the package wrote, in Chinese; any other text as it is.

    Parameters
    ----------
    text : one sentence, or several with "; " between them.

    Examples
    --------
    >>> in_chinese("within noise of tsb, and simpler; its bias of -24% is mended by its past surprises")
    '与TSB之差在噪声之内，且更简单；-24%的偏差由以往的预测误差修正'
    >>> in_chinese("the warehouse is wet")
    'the warehouse is wet'
    """
    parts = [_one(part) for part in text.split("; ")]
    return "；".join(part for part in parts if part) if all(parts) else text


def _one(text: str) -> str:
    """One sentence in Chinese, empty where it is not known."""
    for pattern, chinese in _KNOWN:
        found = pattern.fullmatch(text)
        if found:
            return chinese.format(**{name: _worded(name, part) for name, part in found.groupdict().items()})
    return ""


def _worded(name: str, part: str) -> str:
    if name == "model":
        return _ZH.of("model", part)
    if name == "day":
        return _ZH.date(part)
    return in_chinese(part) if name == "sentence" else part
