"""How numbers are written otherwise than with digits and a point, and what stands for none.

The patterns are those of texts in the spelling of their key: dashes are hyphens, digits of full
width plain ones, spaces single.
"""

PLAIN = r"(?:\d+\.?\d*|\.\d+)"
NUMBER = rf"^\s*[+-]?{PLAIN}([eE][+-]?\d+)?\s*$"

_THOUSANDS = r"\d{1,3}(?:[.,'_ ]\d{3})+(?:[.,]\d+)?"
_COMMA = r"\d*,\d+(?:[eE][+-]?\d+)?"
_MONEY = r"(?:[A-Z]{0,3}\p{Sc}|USD|EUR|GBP|CHF|JPY|CNY|RMB|INR|CAD|AUD|SEK|NOK|DKK|PLN|kr|元|円)"
_DIGITS = rf"(?:{_THOUSANDS}|{_COMMA}|{PLAIN})"
_AMOUNT = rf"[+-]? ?{_MONEY}? ?[+-]?{_DIGITS} ?(?:{_MONEY}|[%‰])?"
# Decimal digits of scripts that have their own, each from its zero on.
_ZEROS = "٠۰߀०০੦૦୦௦౦೦൦๐໐༠၀០᠐"
_FOREIGN = "".join(f"{zero}-{chr(ord(zero) + 9)}" for zero in _ZEROS)
_GLUED = (
    "mm|cm|dm|km|kg|mg|µg|μg|ug|ng|lbs?|oz|ml|dl|cl|ms|min|hrs?|yrs?|kb|mb|gb|tb|KB|MB|GB|TB|"
    "kW|MW|kWh|Hz|kHz|MHz|GHz|k|M|bn|px|pt|°|°C|°F|bps|ppm|kcal|mmHg"
)

SEPARATED = "thousands separators, a decimal comma, a currency or a percent sign"
# What the number has, and the pattern of its key; the first that matches counts.
FORMATS = {
    "digits or signs of another shape, or characters that are not seen": NUMBER,
    SEPARATED: rf"^{_AMOUNT}$",
    "parentheses for a minus": rf"^\({_AMOUNT}\)$",
    "a sign after the digits": rf"^{_DIGITS} ?(?:-|CR|DR|Cr|Dr)$",
    "a comparison sign": (
        rf"^(?:(?:<|>|≤|≥|=|~|≈|±|<=|>=|==|=<|=>|<<|>>) ?[+-]?{_DIGITS}|{_DIGITS} ?\+)$"
    ),
    "an exponent as Fortran writes it": (
        r"^[+-]?(?:(?:\d+\.\d*|\.\d+)[dDqQ][+-]?\d{1,3}|\d+[dD][+-]\d{1,3}|\d*\.\d+[+-]\d{2,3})$"
    ),
    "digits of another script": rf"^[+-]?[{_FOREIGN}]+(?:[.,٫٬][{_FOREIGN}]+)*$",
    "a unit": rf"^[+-]?{_DIGITS}(?: [\p{{L}}°µ%][\p{{L}}°µ/²³%.]{{0,11}}|(?:{_GLUED}))$",
    "a mark": rf"^[+-]?{_DIGITS} ?(?:[*†‡#]|\[\w\]|\(\w\))$",
}

# One number in other text. A letter or a dash before it makes a code, as in E888, P-12, level 3;
# what follows it in 2024-01, 12:30 and 1.2.3 is another number.
AROUND = rf"^(?P<before>[^\p{{Nd}}]*?)[+-]?(?P<number>{_DIGITS})(?P<after>.*)$"
OF_CODES = r"[\p{L}_/-] ?$"
OF_BOUNDS = r"(?i)\b(?:than|over|under|above|below|about|around|circa|least|most|rs) ?$"
OF_SEVERAL = r"^[-:/.,;~] ?\p{Nd}|^ ?(?:to|of|and|or) ?\p{Nd}"

# What programs, agencies and people write for no value, in lower case and as their keys. Those of
# SAS and Stata are .a to .z and ._; those of spreadsheets start with #.
_WORDS = """
? ?? - -- --- . .. ... * ** : :: / x xx na n/a n.a. n.a #n/a #na #null! #div/0! #value! #ref! #num!
#name? #spill! #calc! #error! #err err error none null nil nan nat <na> (null) void missing miss
unknown unk unspecified undefined undef blank empty sysmis nd n.d. nr n.r. bd b.d. bdl lod tbd tba
k.a. o.a. s/d s.d. nv n.v. fehlend unbekannt inconnu desconocido -1.#ind 1.#qnan -nan inf -inf +inf
infinity -infinity blq bloq bql loq <loq nq refused
"""
_PHRASES = (
    "not available", "not applicable", "not known", "no data", "no answer", "keine angabe",
    "not done", "missing value",
)  # fmt: skip
_DOTTED = (f".{letter}" for letter in "_abcdefghijklmnopqrstuvwxyz")
MARKERS = ("", r"\n", *_WORDS.split(), *_PHRASES, *_DOTTED)
