"""With whom does a person share an address, a telephone or an employer, without anybody learning which?

What a record says is brought into one form, whatever way it was typed, and only a digest of that leaves this module. What
many write who do not want to say (13800000000, 无, 务农) is no tie. A village of the same name in another county is taken for
the same: that makes a group's own rate of admissions higher, and so its alerts rarer, never more. Of two doors it may make
one home; their people must then still come to one institution and leave it together.
"""

from __future__ import annotations

import re
import unicodedata
from hashlib import blake2b
from typing import Final, NamedTuple

from schemas.references import Person
from schemas.snapshots import Ties

DWELLING, TELEPHONE, VILLAGE, EMPLOYER = "dwelling", "telephone", "village", "employer"
KINDS: Final = (DWELLING, TELEPHONE, VILLAGE, EMPLOYER)  # the closest first

_DIGEST_BYTES = 6  # two of a million telephones share one with a probability of 0.002
_LONGEST = 200  # characters that are read

_NOTHING = re.compile(
    r"无|暂无|没有|不详|不明|未知|未填|不清楚|其他|其它|空|本人|同上|同户籍地?|测试|null|none|n/?a|[-—_/.*0xX]+"
)
_NO_EMPLOYER = re.compile(
    r"(无|没有)?(工作)?(单位|业)|无业(人员)?|务农|农民|农村居民|农业|在家(务农)?|个体(户|工商户|经营)?|自由(职业|人)(者)?|"
    r"灵活就业(人员)?|(离)?退休(人员)?|学生|学龄前(儿童)?|儿童|待业|失业(人员)?|下岗|散居|居民|城乡居民(医保)?|家务|打工|外出务工|职工|企业|公司"
)
_PREFIX = re.compile(
    r"(?:中国)?(?:[一-鿿]{2,6}?(?:省|自治区))?"
    r"(?:[一-鿿]{1,8}?(?:市|自治州|地区|盟)(?![村社组镇乡街路巷场民]))?"
    r"(?:[一-鿿]{1,10}?(?:(?<![社小园])区|县|旗|(?<=[一-鿿])市)"
    r"(?![村社组镇乡街路巷前]|[东西南北](?:大?[街路巷]|[门侧边面])))?"  # 县西街 is a street, 县西塘镇 a town in its county
)
_LOCALITY = re.compile(r"^(.{1,40}?(?:村委会|村民委员会|居委会|居民委员会|社区|小区|村))(?![路街道巷镇乡])")
_LEVEL = re.compile(r"(\d+[a-z]?)(号楼|单元|小组|生产队|村民小组|[^\d]{0,2})")
_CHINESE_NUMBER = re.compile(r"[零〇一二三四五六七八九十百]+(?=(?:村民)?小?[组社队号栋幢楼座室户弄期]|单元)")
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0}
_PARTS = (
    "组",
    "社",
    "队",
    "小组",
    "村民小组",
    "生产队",
)  # of a village
_BUILDINGS = (
    "栋",
    "幢",
    "座",
    "号楼",
    "楼",
    "单元",
    "层",
    "弄",
    "期",
    "区",
)  # who names no more of it says not in which flat
_UPPER = ("社", "区", "期")  # of two numbered levels above the house the upper one, which is then the village
_RUN = re.compile(r"(\d)\1{6}$")
_BETWEEN_NUMBERS = re.compile(r"(?<=\d)[-—_](?=\d)")
_KNOWN_FAKES = frozenset({"13800138000", "13812345678", "13912345678", "12345678901", "13123456789"})


class Address(NamedTuple):
    """An address in one form: the village or street, the part of it, and the exact dwelling; empty where not said."""

    village: str
    team: str
    dwelling: str


def ties_of(person: Person) -> Ties:
    """What the reference record ties him to, as digests."""
    address = address_of(person.address)
    return Ties(
        _digest("household", person.household),
        _digest(DWELLING, address.dwelling),
        contact_of(person.telephone),
        _digest("team", address.team),
        _digest(VILLAGE, address.village),
        _digest(EMPLOYER, employer_of(person.employer)),
    )


def groups_of(ties: Ties, contact: str = "") -> tuple[str, ...]:
    """The names of the groups beyond the household that these ties put him into, such as ``village:1f3a0c…``; and a stay of his
    for which a telephone was named (``contact``, its digest) into that of those who are called by it."""
    shared = (
        (DWELLING, ties.dwelling),
        (TELEPHONE, ties.telephone),
        (VILLAGE, ties.village),
        (EMPLOYER, ties.employer),
        (TELEPHONE, "" if contact == ties.telephone else contact),
    )
    return tuple(f"{kind}:{digest}" for kind, digest in shared if digest)


def contact_of(telephone: str) -> str:
    """The digest of a telephone, as a record or an admission names it; empty where it is nobody's."""
    return _digest(TELEPHONE, telephone_of(telephone))


def home_of(ties: Ties) -> str:
    """The name of the household of those at one address whose records name none; empty where the address is not known."""
    return f"{DWELLING}:{ties.dwelling}" if ties.dwelling else ""


def kind_of(group: str) -> str:
    """What the members of a group share; one of `KINDS`."""
    return group.partition(":")[0]


def address_of(stated: str) -> Address:
    """The parts of an address.

    >>> address_of("重庆市沙坪坝区 幸福村１２组 34号")
    Address(village='幸福村', team='幸福村12组', dwelling='幸福村12组34号')
    """
    text = _plain(stated)
    if not text or _NOTHING.fullmatch(text):
        return Address("", "", "")
    prefix = _PREFIX.match(text)
    text = text[prefix.end() :] if prefix is not None and prefix.end() < len(text) else text
    text = _CHINESE_NUMBER.sub(lambda found: str(_number(found[0])), text)
    found = _LOCALITY.match(text)
    place = found[1] if found is not None else re.split(r"[\d*]", text, maxsplit=1)[0]
    if len(place) < 2 or (found is None and len(place) == len(text) and not text.endswith(_NAMED_PLACES)):
        return Address("", "", "")
    rest = text[len(place) :]
    if "*" in rest:
        return Address(place, "", "")
    levels = _LEVEL.findall(rest)
    named = re.split(r"\d", rest, maxsplit=1)[0]  # a part of the village that has a name instead of a number
    if not levels:
        return Address(place, place + named if named else "", "")
    return _levelled(place, named, levels)


_NAMED_PLACES = (
    "村",
    "路",
    "街",
    "巷",
    "弄",
    "社区",
    "小区",
    "花园",
    "苑",
    "院",
    "校",
    "厂",
    "庄",
    "屯",
    "寨",
    "湾",
    "里",
    "园",
)


def _levelled(place: str, named: str, levels: list[tuple[str, str]]) -> Address:
    """Two levels above the house are a part of the village and a part of that: the village is then the upper one."""
    number, level = levels[-1]
    is_house = not level.startswith((*_PARTS, *_BUILDINGS))
    above = levels[:-1] if is_house else levels
    names = [number + level for number, level in above]
    house = "".join([place, named, *names, number + (level or "号")]) if is_house else ""
    if named:
        return Address(place, place + named, house)
    if len(names) > 1 and above[0][1] in _UPPER:
        place += names.pop(0)
    return Address(place, place + names[0] if names else "", house)


def telephone_of(stated: str) -> str:
    """The digits of a telephone that may be somebody's; empty for any other.

    >>> telephone_of("+86 139-0000-1234"), telephone_of("13800000000")
    ('13900001234', '')
    """
    text = re.sub(r"[^\d*]", "", unicodedata.normalize("NFKC", stated[:_LONGEST]))
    text = re.sub(r"^(?:00)?86(?=1\d{10}$)", "", text)
    if "*" in text or not 7 <= len(text) <= 12 or text in _KNOWN_FAKES or _RUN.search(text):
        return ""
    return text


def employer_of(stated: str) -> str:
    """An employer's name in one form; empty for what says that there is none."""
    text = re.sub(r"[()（）·.]", "", _plain(stated))
    text = re.sub(r"(股份|有限责任|有限|责任)*公司$", "公司", text)
    return "" if len(text) < 2 or _NOTHING.fullmatch(text) or _NO_EMPLOYER.fullmatch(text) else text


def _plain(stated: str) -> str:
    text = _BETWEEN_NUMBERS.sub("号", unicodedata.normalize("NFKC", stated[:_LONGEST]))
    return re.sub(r"[\s,，。、;；:：#\-—_]+", "", text).lower()


def _number(text: str) -> int:
    """Of Chinese numerals below a thousand, or a row of digits.

    >>> _number("十二"), _number("三十"), _number("一百零五"), _number("二〇一")
    (12, 30, 105, 201)
    """
    if not set(text) & {"十", "百"}:
        return int("".join(str(_DIGITS[sign]) for sign in text))
    total, last = 0, 0
    for sign in text:
        if sign in _DIGITS:
            last = _DIGITS[sign]
        else:
            total += (last or 1) * (100 if sign == "百" else 10)
            last = 0
    return total + last


def _digest(kind: str, text: str) -> str:
    return blake2b(f"{kind}:{text}".encode(), digest_size=_DIGEST_BYTES).hexdigest() if text else ""
