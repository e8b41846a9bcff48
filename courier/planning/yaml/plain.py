"""Which YAML is plain: the everyday subset on which every parser agrees.

A text that matches is given to the fast parser. Anything else, from anchors to `1_000`, goes to
the exact one. The subset also bounds nesting, which the fast parser does not do by itself.
"""

import re

_END = r"[ ]*+(?:\n|(?<= )#[^\n\t]*+\n)"
_REST = r"[^\n\t:#]*+(?:(?>(?::(?=[^ \n\t])|(?<! )#)[^\n\t:#]*+))*+"
_NUMBER = r"-?[0-9]{1,17}(?:\.[0-9]{1,17})?"
_MEASURE = r"[0-9]{1,9}(?:ms|[smhdwKMG%]|(?:[-:.][0-9]{1,9}){2,4}|:[0-9]{2})"
_DAY = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_QUOTED = (
    r""""[^"\\\n\t]*+(?:(?>\\[nrt"\\][^"\\\n\t]*+))*+"|"""
    r"'[^'\n\t]*+(?:(?>''[^'\n\t]*+))*+'"
)
_WORD = r"(?![tfnTFN](?:rue|RUE|alse|ALSE|ull|ULL):)[A-Za-z/$][A-Za-z0-9_./$-]{0,100}+"
_KEY = rf"""(?:{_WORD}|"[^"\\\n\t]{{1,100}}+"):"""
_FLOW_WORD = r"[A-Za-z/$][A-Za-z0-9_./$-]*+"
_FLOW_ITEM = rf"(?:{_QUOTED}|{_FLOW_WORD}(?:(?>[ ]{_FLOW_WORD}))*+|{_NUMBER}(?=[], }}]))"
_FLOW_LIST = rf"\[[ ]*+(?:(?>{_FLOW_ITEM}[ ]*+(?:,[ ]*+|(?=\]))))*+\]"
_FLOW_MAP = rf"\{{[ ]*+(?:(?>{_KEY}[ ]++{_FLOW_ITEM}[ ]*+(?:,[ ]*+|(?=\}}))))*+\}}"


def _text(deeper: str) -> str:
    """Return the pattern of a text whose further lines start with at least `deeper`."""
    first = r"[A-Za-z/$(<;]|[^\x00-\x7f]|\.{1,2}/|\.[A-HJ-MO-Za-hj-mo-z]|_[A-Za-z]|--?[A-Za-z]"
    word = rf"(?:{first}){_REST}"
    more = rf"(?:(?>{deeper}[ ]*+[A-Za-z(/$]{_REST}\n))*+"
    block = rf"[|>][-+]?\n++{deeper}[ ]*+[^ \t\n][^\n]*+\n(?:(?>{deeper}[^\n]*+\n|[ ]*+\n))*+"
    return rf"(?:{word}{_END}{more}|{block})"


_SCALAR = rf"(?:{_QUOTED}|{_NUMBER}(?=[ \n])|{_MEASURE}|{_FLOW_LIST}|{_FLOW_MAP})"
_SHALLOW, _DEEP = _text(r"\1[ ]"), _text(r"\1[ ]{3}")
_ASCII = r'[A-Za-z/$][ -"$-9;-~]*+\n'
_FLAG = rf"--?(?=[A-Za-z]){_ASCII}"
_ONLY_QUOTED = r'"[^"\\\n\t]*+"'
_SPAN = r"[0-9]{1,9}[smhd]"
_ALONE, _DEEP_ALONE = r"(?!\1[ ])", r"(?!\1[ ]{3})"
_MOST = (
    rf"{_WORD}:(?:\n|[ ](?:{_ASCII}{_ALONE}|{_NUMBER}\n|{_DAY}\n|{_ONLY_QUOTED}\n|{_SPAN}\n))"
    rf"|-[ ](?:{_WORD}:[ ]{_ASCII}{_DEEP_ALONE}|{_ASCII}{_ALONE}|{_FLAG}{_ALONE})"
    rf"|#[^\n]*+\n"
)
"""Lines that follow from the rest of the pattern too: most are like these, and soon told."""
_LINE = (
    rf"([ ]{{0,22}}+)(?:{_MOST}|(?:{_KEY}[ ]++|-[ ]){_SHALLOW}"
    rf"|(?>(?:-[ ])?)(?>(?:{_KEY}(?=[ \n])[ ]*+)?)(?>{_SCALAR}?)(?:{_END}|#[^\n]*+\n)"
    rf"|-[ ]{_KEY}[ ]++{_DEEP})"
)
# Early releases of Python 3.11 get a repeated group wrong that is not atomic by itself.
_PLAIN = re.compile(rf"(?:(?>{_LINE}))*+")

MAX_NODES = 50_000
"""Most values one document may hold, and all documents of a file that are not plain."""


def is_plain(text: str) -> bool:
    """Return whether every parser reads the text alike: one document, ending in a newline."""
    is_small = len(text) <= MAX_NODES
    return _PLAIN.fullmatch(text) is not None and (is_small or not _may_be_huge(text))


def _may_be_huge(text: str) -> bool:
    return 2 * text.count("\n") + 2 * text.count(",") > MAX_NODES
