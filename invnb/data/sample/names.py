"""What the sample shop sells: collections of four variants, in English and Chinese.

One row: collection, its Chinese name, typical list price (CNY), volume (m3), season, variants.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Collection:
    """Four products that customers take for one another."""

    name: str
    name_zh: str
    price: float
    volume_m3: float
    season: str
    variants: tuple[str, ...]  # "English|Chinese"


def _rows(*rows: tuple[str, str, float, float, str, str]) -> tuple[Collection, ...]:
    return tuple(Collection(*row[:5], tuple(row[5].split(", "))) for row in rows)


COLLECTIONS: dict[str, tuple[Collection, ...]] = {
    "toys": _rows(
        ("Wooden jigsaw puzzle, 100 pieces", "木质拼图100片", 49, 0.0021, "",
         "Dinosaurs|恐龙, Ocean|海洋, Space|太空, Farm|农场"),
        ("Building brick set", "拼装积木", 129, 0.0052, "",
         "Castle|城堡, Fire station|消防站, Space shuttle|航天飞机, Harbour|港口"),
        ("Plush toy 30 cm", "毛绒玩具30厘米", 69, 0.0090, "",
         "Panda|熊猫, Rabbit|兔子, Bear|小熊, Penguin|企鹅"),
        ("Remote control car", "遥控车", 159, 0.0065, "",
         "Racer|赛车, Off-road|越野, Stunt|特技, Police|警车"),
        ("Water pistol", "水枪", 39, 0.0040, "summer",
         "Pocket|迷你, Long range|远射程, Backpack|背包式, Electric|电动"),
        ("Family board game", "家庭桌游", 89, 0.0031, "",
         "Memory|记忆, Treasure island|金银岛, Railway|铁路, Word race|词语竞赛"),
        ("Modelling clay", "彩泥", 35, 0.0016, "",
         "12 colours|12色, 24 colours|24色, 36 colours|36色, Bakery set|烘焙套装"),
        ("Kite", "风筝", 45, 0.0018, "spring",
         "Eagle|老鹰, Butterfly|蝴蝶, Rainbow|彩虹, Swallow|燕子"),
        ("Bath toy", "洗澡玩具", 42, 0.0015, "",
         "Duck family|小鸭家族, Whale|鲸鱼, Tugboat|拖船, Turtle|乌龟"),
        ("Role play set", "过家家套装", 119, 0.0078, "",
         "Doctor|小医生, Kitchen|小厨房, Supermarket|超市, Tool bench|工具台"),
        ("Magnetic tiles", "磁力片", 168, 0.0045, "",
         "32 pieces|32片, 64 pieces|64片, 100 pieces|100片, Cars|小车"),
        ("Children's instrument", "儿童乐器", 99, 0.0085, "",
         "Drum|小鼓, Xylophone|木琴, Ukulele|尤克里里, Keyboard|电子琴"),
        ("Children's scooter", "儿童滑板车", 239, 0.0240, "spring",
         "Blue|蓝色, Pink|粉色, Green|绿色, With seat|带座椅"),
        ("Marble run", "滚珠轨道", 109, 0.0060, "",
         "60 pieces|60件, 120 pieces|120件, 180 pieces|180件, Glow|夜光"),
        ("Science kit", "科学实验盒", 85, 0.0028, "",
         "Volcano|火山, Crystals|水晶, Solar power|太阳能, Microscope|显微镜"),
    ),
    "kitchen": _rows(
        ("Chef's knife", "主厨刀", 138, 0.0012, "",
         "15 cm|15厘米, 18 cm|18厘米, 20 cm|20厘米, Santoku|三德刀"),
        ("Non-stick frying pan", "不粘煎锅", 149, 0.0110, "",
         "20 cm|20厘米, 24 cm|24厘米, 28 cm|28厘米, 30 cm|30厘米"),
        ("Vacuum flask", "保温杯", 88, 0.0014, "winter",
         "350 ml|350毫升, 500 ml|500毫升, 750 ml|750毫升, 1 l|1升"),
        ("Glass storage box", "玻璃保鲜盒", 45, 0.0022, "",
         "400 ml|400毫升, 800 ml|800毫升, 1200 ml|1200毫升, Set of 3|三件套"),
        ("Chopping board", "砧板", 59, 0.0034, "",
         "Bamboo small|竹制小号, Bamboo large|竹制大号, Wheat straw|麦秸秆, Steel|不锈钢"),
        ("Ceramic bowl set", "陶瓷碗套装", 96, 0.0048, "",
         "White|白色, Blue pattern|青花, Celadon|青瓷, Black|黑色"),
        ("Chopsticks, 10 pairs", "筷子10双", 36, 0.0006, "",
         "Bamboo|竹制, Steel|不锈钢, Alloy|合金, Wenge|鸡翅木"),
        ("Tea set", "茶具", 168, 0.0055, "winter",
         "Travel|旅行, Gongfu|功夫, Glass|玻璃, Purple clay|紫砂"),
        ("Electric kettle", "电热水壶", 129, 0.0072, "winter",
         "1.0 l|1.0升, 1.5 l|1.5升, 1.7 l|1.7升, Gooseneck|细长嘴"),
        ("Ice tray", "冰格", 28, 0.0011, "summer",
         "Cubes|方块, Balls|圆球, Hearts|爱心, With lid|带盖"),
        ("Silicone utensil", "硅胶厨具", 32, 0.0008, "",
         "Spatula|锅铲, Ladle|汤勺, Whisk|打蛋器, Tongs|食品夹"),
        ("Baking tin", "烘焙模具", 55, 0.0036, "",
         "Loaf|吐司, Round 6 inch|圆形6寸, Round 8 inch|圆形8寸, Muffin|马芬"),
        ("Steamer", "蒸锅", 179, 0.0150, "winter",
         "24 cm|24厘米, 26 cm|26厘米, 28 cm|28厘米, Bamboo|竹蒸笼"),
        ("Coffee maker", "咖啡器具", 145, 0.0038, "",
         "Hand grinder|手摇磨豆机, Moka pot|摩卡壶, French press|法压壶, Pour-over set|手冲套装"),
        ("Spice jar", "调料罐", 39, 0.0017, "",
         "Single|单只, Set of 4|四只装, Set of 6|六只装, Carousel|旋转架"),
    ),
    "beauty": _rows(
        ("Sunscreen SPF 50", "防晒霜SPF50", 89, 0.0003, "summer",
         "50 ml|50毫升, 100 ml|100毫升, For children|儿童, Spray|喷雾"),
        ("Hand cream", "护手霜", 39, 0.0002, "winter",
         "Rose|玫瑰, Lavender|薰衣草, Shea butter|乳木果, Unscented|无香"),
        ("Sheet mask, 10 pieces", "面膜10片", 79, 0.0008, "",
         "Hyaluronic acid|玻尿酸, Aloe|芦荟, Green tea|绿茶, Rice|大米"),
        ("Lipstick", "口红", 119, 0.0001, "",
         "Classic red|正红, Rosewood|豆沙, Coral|珊瑚, Berry|浆果"),
        ("Face wash", "洗面奶", 59, 0.0003, "",
         "Oily skin|油性肌肤, Dry skin|干性肌肤, Sensitive skin|敏感肌肤, For men|男士"),
        ("Face cream", "保湿面霜", 149, 0.0003, "winter",
         "Day|日霜, Night|晚霜, Light|清爽型, Rich|滋润型"),
        ("Shampoo 500 ml", "洗发水500毫升", 65, 0.0009, "",
         "Anti-dandruff|去屑, Repair|修护, Volume|蓬松, Ginger|生姜"),
        ("Body lotion", "身体乳", 72, 0.0006, "winter",
         "Peach|蜜桃, Oat|燕麦, Jasmine|茉莉, Goat milk|羊奶"),
        ("Toner", "爽肤水", 98, 0.0005, "",
         "Witch hazel|金缕梅, Rose water|玫瑰水, Chamomile|洋甘菊, Salicylic acid|水杨酸"),
        ("Serum 30 ml", "精华液30毫升", 189, 0.0002, "",
         "Vitamin C|维生素C, Niacinamide|烟酰胺, Retinol|视黄醇, Peptide|多肽"),
        ("Eyeshadow palette", "眼影盘", 109, 0.0002, "",
         "Earth|大地色, Peach|蜜桃色, Sunset|落日, Smoke|烟熏"),
        ("Perfume 30 ml", "香水30毫升", 229, 0.0004, "",
         "Osmanthus|桂花, Gardenia|栀子花, Sandalwood|檀木, Citrus|柑橘"),
        ("Makeup brush", "化妆刷", 48, 0.0003, "",
         "Powder|散粉刷, Foundation|粉底刷, Eye set|眼部套装, Travel set|旅行套装"),
        ("Cotton pads", "化妆棉", 22, 0.0011, "",
         "100 pieces|100片, 200 pieces|200片, 500 pieces|500片, Washable|可水洗"),
        ("Nail polish", "指甲油", 32, 0.0001, "",
         "Nude|裸色, Cherry|车厘子, Mint|薄荷, Glitter|亮片"),
    ),
}  # fmt: skip

# name, Chinese name, stated lead time (days), true mean as a share of it, coefficient of variation,
# minimum order value (CNY), review every (days), weekday of the review (Monday 0)
Supplier = tuple[str, str, int, float, float, int, int, int]
SUPPLIERS: dict[str, tuple[Supplier, ...]] = {
    "toys": (
        ("Ningbo Blue Whale Toys", "宁波蓝鲸玩具", 14, 1.20, 0.30, 2000, 7, 0),
        ("Shantou Rainbow Plastics", "汕头彩虹塑胶", 10, 1.10, 0.25, 1500, 7, 2),
        ("Yunhe Forest Woodcraft", "云和森林木艺", 21, 1.15, 0.35, 1200, 7, 0),
        ("Dongguan Swift Models", "东莞飞速模型", 30, 1.10, 0.25, 3000, 14, 3),
    ),
    "kitchen": (
        ("Yangjiang Sharp Cutlery", "阳江锋利刀剪", 10, 1.05, 0.20, 1500, 7, 1),
        ("Chaozhou White Kiln", "潮州白窑陶瓷", 21, 1.25, 0.35, 2500, 7, 1),
        ("Zhongshan Warm Home Appliances", "中山暖家电器", 18, 1.10, 0.30, 3000, 14, 2),
        ("Yongkang Star Steelware", "永康之星五金", 12, 1.15, 0.30, 1500, 7, 4),
    ),
    "beauty": (
        ("Guangzhou Morning Dew Cosmetics", "广州晨露化妆品", 9, 1.05, 0.20, 2000, 7, 0),
        ("Shanghai Jade Skin Science", "上海玉肌科技", 12, 1.15, 0.30, 2500, 7, 3),
        ("Yiwu Bright Colour", "义乌亮彩", 7, 1.20, 0.40, 800, 7, 2),
        ("Provence Import House", "普罗旺斯进口", 42, 1.15, 0.25, 6000, 14, 1),
    ),
}
