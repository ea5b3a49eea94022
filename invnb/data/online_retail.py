"""UCI Online Retail: what its lines look like, what is no product, and categories by words of the
description.

The data set (Chen, Sain and Guo, 2012; CC BY 4.0) holds all order lines of a British gift wholesaler from
2010-12-01 to 2011-12-09. It has no product list, no stock, no costs and no suppliers: the list is derived
from the lines (`invnb.data.derived`), the rest stays unknown and is assumed later, marked as such.
"""

from __future__ import annotations

from typing import Any

COLUMNS = [
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
]

LINES, UNITS, VALUE_GBP = 541_909, 5_176_450, 9_747_747.934
"""Facts of the whole set: order lines, sum of Quantity, sum of Quantity x UnitPrice."""

NOT_PRODUCTS = [
    "POST",  # postage
    "DOT",  # postage of web orders
    "C2",  # carriage
    "M",  # entered by hand
    "D",  # discount
    "S",  # samples
    "B",  # bad debt
    "PADS",  # packing material
    "CRUK",  # charity commission
    "BANK CHARGES",
    "AMAZONFEE",
    "gift_0001_*",  # vouchers
]

CATEGORY_WORDS: dict[str, list[str]] = {
    # From the top, the first list with a fitting word wins; a word fits where a word of the name begins.
    "bags": [
        "bag", "shopper", "tote", "backpack", "rucksack", "holdall", "satchel", "purse", "wallet",
    ],
    "decorations": [
        "christmas", "xmas", "advent", "bauble", "bunting", "garland", "wreath", "decoration", "ornament",
        "easter", "angel", "tree$", "reindeer", "santa", "rudolph", "snowflake", "tinsel", "paper chain",
        "pom pom", "feather", "hanging heart", "heart decoration", "party", "balloon", "confetti", "flag",
    ],
    "home": [
        "hot water", "hottie", "warmer", "doormat", "clock", "sign$", "plaster", "flannel", "frame",
        "mirror", "cushion", "soap", "bath", "incense", "rug$", "umbrella", "stool", "vase", "wall art",
        "photo", "magnet",
    ],
    "lights": [
        "t-light", "tlight", "light", "lantern", "lamp", "candle", "chandelier", "led$", "torch",
    ],
    "jewellery": [
        "necklace", "bracelet", "earring", "ring$", "bangle", "brooch", "pendant", "jewel", "charm",
        "hair", "tiara", "bead", "diamante",
    ],
    "toys": [
        "toy", "doll", "game", "jigsaw", "puzzle", "skittle", "spinning top", "harmonica", "feltcraft",
        "child", "kid", "dinosaur", "marble", "rocking horse", "skipping", "snakes", "domino", "yo-yo",
        "colouring", "paint", "soldier", "knitting", "sewing", "magic", "bubble", "playing card", "baby",
        "babushka", "circus parade", "animal", "rabbit", "teddy", "monkey", "piggy", "money bank",
        "money box", "farmyard", "playhouse", "building block", "tattoo",
    ],
    "stationery": [
        "card", "wrap", "notebook", "pencil", "pen$", "ruler", "sketchbook", "sticker", "ribbon",
        "tissue", "tag$", "tape", "memo", "letter", "envelope", "address book", "album", "calendar",
        "stamp", "chalk", "book", "eraser", "rubber", "sharpener", "paper craft", "craft", "scrapbook",
        "journal", "passport cover", "clip",
    ],
    "garden": [
        "garden", "plant", "watering", "parasol", "picnic", "bird", "bbq", "barbecue", "shed", "gnome",
        "kneeling", "hanging basket", "herb", "flower pot", "flowerpot", "seed", "grow", "thermometer",
        "deck chair", "deckchair", "windmill", "trellis", "insect",
    ],
    "kitchen": [
        "cake", "mug", "tea", "cup$", "saucer", "plate", "bowl", "jug", "jar", "baking", "bake", "cook",
        "kitchen", "lunch", "snack", "cutlery", "apron", "egg", "pantry", "recipe", "napkin", "doily",
        "doilies", "coaster", "tray", "glass", "spoon", "fork", "chopping", "beaker", "mould", "pan$",
        "popcorn", "spice", "straw$", "ice", "coffee", "milk", "bread", "biscuit", "cookie", "sugar",
        "dinner", "dish", "bottle opener", "wine", "jam", "cutter", "tin$", "tins", "placemat", "oven",
        "breakfast", "butter$", "salt", "pepper", "flask", "water bottle", "jelly", "measuring", "whisk",
        "food", "tumbler", "goblet", "teapot", "toast", "cocktail", "bakelike", "fruit",
    ],
    "storage": [
        "storage", "box", "basket", "drawer", "cabinet", "cupboard", "rack", "holder", "hook", "hanger",
        "shelf", "wicker", "tidy", "organiser", "crate", "chest$", "knob", "bin$", "key", "stand",
    ],
}  # fmt: skip
"""The documented rule: ten categories by words of the description; what none of them fits is `other`."""

SOURCES: dict[str, Any] = {
    "sales": {
        "file": "online_retail.csv.gz",
        "columns": {
            "order_id": "InvoiceNo",
            "sku": "StockCode",
            "units": "Quantity",
            "order_ts": "InvoiceDate",
            "unit_price": "UnitPrice",
            "customer_hash": "CustomerID",
        },
        "not_products": NOT_PRODUCTS,
    },
    "products": {"name_column": "Description", "category_rules": "online_retail"},
}
"""The sources of a run on this data set, as they stand in a parameter file."""
