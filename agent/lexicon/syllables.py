"""What Chinese names look like in Latin letters: the syllables of pinyin, without tones."""

import re

_FINALS = {
    "[bpm]": "iang|ang|eng|ian|iao|ing|ai|an|ao|ei|en|ie|in|iu|ou|a|e|i|o|u",
    "f": "ang|eng|an|ei|en|ou|a|o|u",
    "[dtnl]": "iang|ang|eng|ian|iao|ing|ong|uan|ai|an|ao|ei|en|ia|ie|in|iu|ou|ue|ui|un|uo|ve|a|e|i|u|v",
    "[gkh]": "uang|ang|eng|ong|uai|uan|ai|an|ao|ei|en|ou|ua|ui|un|uo|a|e|u",
    "[jqx]": "iang|iong|ian|iao|ing|uan|ia|ie|in|iu|ue|un|i|u",
    "(?:[zcs]h?|r)": "uang|ang|eng|ong|uai|uan|ai|an|ao|ei|en|ou|ua|ui|un|uo|a|e|i|u",
    "y": "ang|ing|ong|uan|an|ao|in|ou|ue|un|a|e|i|u",
    "w": "ang|eng|ai|an|ei|en|a|o|u",
}
_SYLLABLE = "|".join(f"{initial}(?:{finals})" for initial, finals in _FINALS.items())
_FIRST = f"ang|eng|ai|an|ao|ei|en|er|ou|a|e|o|{_SYLLABLE}"
# One syllable alone is as likely English: "ping", "ring".
PINYIN = re.compile(rf"(?:{_FIRST})(?:{_SYLLABLE})+")
