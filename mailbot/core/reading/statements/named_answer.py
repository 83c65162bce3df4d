"""An answer that names its question itself: "Q1 2", "問2：1,3", 「議案1、議案2とも賛成」 (ballot.md section 7)."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache

from mailbot.core.reading.grammar.answer import ABOUT_THE_MATTER, label_answer, read_answer
from mailbot.core.reading.grammar.understood import Unclear, Understood
from mailbot.core.reading.text.known_text import (
    ANSWER_LINE,
    EMPTY_BRACKETS,
    LONGEST_LINE,
    OPENING,
    QUESTION_MARK,
    SHORT_LINE,
    SIGNATURE,
    line_key,
    named_question,
    slot_parts,
)
from mailbot.core.reading.text.numeral import KANJI_DIGITS
from mailbot.core.reading.text.tidy import CIRCLED, end_of, is_blank, tidy, without_emphasis
from mailbot.core.surveys.survey import Question, Survey

_ORNAMENTS = " \t\u3000◆■◇"  # 「◆問1◆」
BULLETS = " \t\u3000・●■◆▪•*"
# 「Q1が2」 alone is no answer: our own hints read 「Q1が2の方のみ」.
_ANSWER_SEPARATOR = re.compile(
    r"^\s*(?:[…‥]{1,4}|[・･]{2,6}|\.{2,6}|[-－−‐ー=＝]{1,3}[>＞]|--|[:：;；.．,，、)）→⇒=＝>＞|｜│\-－−‐ー])\s*"
    r"|^(?:に(?:ついて|関して)?[はも]?)[、,，]?\s?(?=(?:賛成|反対|棄権|同意|承認)(?:です|(?:いた|致)?します|[。、,，\s]|$))"
    r"|^(?:について|につきまして|に関して)?は(?!い(?!いえ))[、,，]?\s*|^\s*が\s?(?=[0-9０-９]{1,3}\s?番|[①-⑳])|^\s+は\s+|^[_＿](?=[0-9０-９])|^\s*[/／]\s*(?=[0-9０-９①-⑳、，,・]{1,20}\s*$)|^\s+"
)
_ABOUT_TEXT = re.compile(
    r"(?:(?:について|に関して|につきまして)は?|として(?:は)?|ですが)[、,，]\s?(?=\S)|\s?[/／]\s?(?=\S)"
)  # 「Q6について、…」
_QUESTIONS_NAMED = re.compile(
    r"^\s*[-－−‐ー〜～~]\s*[0-9０-９]{1,3}(?:\s*[:：=＝→]|\s+は?|は)\s*[0-9０-９]"
)  # Q2-4: 1
_PARTICLE = re.compile(r"^(?:は[、,，]?|is\b|[AaＡａ]\s?[.．:：])\s*")
# 「Q1が2、Q2が1と3になります」: of two questions and more it is no condition.
_EACH_IS = re.compile(
    rf"\s*(?:(?:{QUESTION_MARK}\s?[0-9０-９]{{1,2}}|[0-9０-９]{{1,2}}問目)が\s?[0-9０-９]{{1,2}}番?(?!問)(?:\s?[,，、・と]\s?[0-9０-９]{{1,2}}番?(?!問)){{0,20}}で?[、，,。\s]*){{2,20}}"
    r"(?:です|になります|となります|やね|でお願い(?:いた|致)?します)?[。.!！]?\s*"
)
# 「当課の回答は、Q1が「2」、Q3が151,000です。」
_OUR_ANSWER_IS = re.compile(
    rf"\s*(?:[当本弊]?(?:市|町|村|区|県|課|係|室|団体|方)の)?(?:ご?回答|お?答え)は[、,]?\s?(?={QUESTION_MARK}\s?[0-9０-９])"
)
_IS = re.compile(rf"(?P<question>{QUESTION_MARK}\s?[0-9０-９]{{1,2}})が")
_IF = re.compile("場合|とき|なら|の方|時は|ければ|れば")
_YES_OR_NO = re.compile(r"^(?:はい|いいえ|賛成|反対|棄権|[○〇◯×✕✖])")
_FURTHER_ANSWER = re.compile(
    rf"(?<=[\s、,，/／;；。．」』】）)\]］番す①-⑳|｜])(?:(?={QUESTION_MARK}\s?(?:[0-9０-９]{{1,3}}|[①-⑳](?=[\s:：は]))"
    r"(?:\s(?!is\b)|[:：;；….．,，、=＝→⇒は)）\-－−‐「『【\[［（(]|が\s?[0-9０-９]{1,3}\s?番|が?[①-⑳]|いいえ|賛成|反対|棄権|[○〇◯×✕✖]"
    r"|に[はも]?(?:賛成|反対|棄権)|に(?:ついて|つきまして|関して)(?:は|[、,]?(?:賛成|反対|棄権))|の(?:ご?回答|答え)[はが:：]))"
    rf"|(?={QUESTION_MARK}\s?[0-9０-９]{{1,3}}(?:と|及び|および|・|、){QUESTION_MARK}\s?[0-9０-９])"
    r"|(?=[0-9０-９]{1,3}問目)|(?=(?:議案|問)[一二三四五六七八九十]{1,2}[\s:：は]))"
    rf"|(?=[【\[［〔(（<《]{QUESTION_MARK}\s?[0-9０-９]{{1,3}}[】\]］〕)）>》])"
    r"|(?<=[\s、,，/／;；。．])(?=第?[0-9０-９]{1,3}号議案[\s:：は])"
)
# 「まずQ1は2です。次にQ2は1と3です。」
_CONNECTIVE = re.compile(
    rf"(?:^|(?<=[。、\s]))(?:まず|次に|また|続いて|そして|最後に)[、,]?\s?(?={QUESTION_MARK}\s?[0-9０-９])"
)
# What a line begins with before its first question: 「標記の件、Q1は2です。」, 「拝見のうえ、…」, 「遅れてすみません、…」
_OPENING = re.compile(
    rf"\s*(?:{ABOUT_THE_MATTER}|(?:拝見|確認)(?:(?:いた|致)?し(?:た|ました))?の?(?:うえ|上)で?、"
    r"|(?:(?:ご?返[信事答]|お返事|ご?回答|ご?連絡|ご?提出|お答え)が?)?(?:大変)?(?:遅(?:くなり|くなって|れ)|お待たせ(?:(?:いた|致)?し)?)(?:まして|ました|て)?"
    r"(?:(?:大変|誠に)?(?:すみません|申し訳(?:あり|ござい)ません|失礼(?:いた)?しました|ごめんなさい))?が?[、!！])"
    rf"\s?(?={QUESTION_MARK}\s?[0-9０-９])"
)
_BETWEEN = " 　、,，/／;；。．|｜"  # two answers on one line
# 「Q1を3に訂正します」, an answer of its own: beside another one it differs.
_CORRECTED = re.compile(
    r"^\s?(?:(?:の(?:ご?回答|お?答え))?(?:だけ|のみ)?[をは]|だけ"
    r"|のみ)[、,]?\s?[「『]?(?P<value>[0-9０-９]{1,3}(?:[,，、・][0-9０-９]{1,3}){0,20}"
    r"|[①-⑳]{1,20})[」』]?\s?番?\s?[にへ]\s?(?:訂正|変更|修正)"
    r"(?:(?:いた|致)?します|願います|を?お?願い?(?:いた|致)?します"
    r"|(?:して)?(?:下さい|ください))[。.]?\s*(?:(?:その)?(?:他|ほか)に?は(?:変更|変わり)?(?:は|が)?(?:ありません|ございません"
    r"|なし(?:です)?)[。.]?\s*)?$"
)
APOLOGY = re.compile(
    r"(?:(?:大変|誠に)?(?:すみません|申し訳(?:あり|ござい)ません|失礼しました)(?:が|でした)?[、。]?\s?)"
)
_DOTS_ONLY = re.compile(
    r"(?:[.．][0-9０-９]{1,2}){2,}[.．]?\s*"
)  # 「Ｑ２．１．４」: one point for everything
_LONE_DASH = re.compile(r"[\s:：→]*[-－−‐–—―]{1,3}\s*")
_ANY_FIGURE = re.compile(f"[0-9０-９{KANJI_DIGITS}]")  # who names a question names its number
_ANSWER_NUMBER = re.compile(r"^[\s・]*[AaＡａ]\s?(?P<number>[0-9０-９]{1,3})(?P<rest>[\s:：.．=＝→⇒)）].*)$")
# The next line goes on with the sentence of an answer: 「Q1 2」, 「と回答してよいでしょうか」.
GOES_ON = re.compile(
    r"^\s*(?:と\s?[0-9０-９①-⑳]|と(?:ご?回答|お?答|書|記入|記載|思|い(?:う|た)|のこと|し(?:ます|たい|て)|なり|させ|言)"
    r"|で(?:検討|調整|協議|[合あ]って|よ(?:い|ろ)|良|い(?:い|ですか)|宜|しょう|は(?:な|あり)|した|お願い|す)|の(?:つもり|場合|はず|予定|よう|形)|なら|だと|かと|かも"
    r"|は(?:誤|間違|不可|だめ|ダメ|×)|から変更|に(?:変更|訂正|修正)|以外|を除|[×✕?？]\s*$"
    r"|[…‥、,\s]*(?:と|が|は|を|に|も|の|で)(?=[一-龠、,])|[→⇒]\s*(?:[×✕]|[0-9０-９]{1,3}\s?番?\s?[にへ](?:変|訂|修)))"
)


# 「Q1：下記のとおり」 says where the answer stands.
_POINTS_BELOW = re.compile(
    r"(?:下記|以下|下の(?:回答)?欄|回答(?:票|欄))(?:(?:の|に)?(?:とおり|通り)|に(?:記入|記載|回答)(?:しました|済み?|(?:いた|致)しました)?"
    r"|(?:を?ご)?参照(?:ください|下さい|願います)?|をご覧(?:ください|下さい))(?:です)?[。.]?"
)
_TOGETHER = re.compile(
    rf"^[\s・○●■]*(?:(?P<both>両)(?:議案|設問|問)|(?P<named>(?:第?[0-9０-９]{{1,3}}号議案|議案第?[0-9０-９]{{1,3}}号?|{QUESTION_MARK}\s?[0-9０-９]{{1,3}})"
    rf"(?:\s?(?:[,，、・/／&＆と]|及び|および|並びに|ならびに)\s?(?:第?[0-9０-９]{{1,3}}号議案|(?:議案第?|{QUESTION_MARK})?\s?[0-9０-９]{{1,3}}号?)){{1,20}}))"
    r"(?P<joined>\s?(?:(?:の|、)?(?:いずれも|いずれにも|どちらも|すべて|全て|両方)(?:とも)?(?:に[、,]?)?|とも[、,]?に?[、,]?|共に[、,]?|に?も"
    r"|に(?:は|ついて(?:は|も)?)?|は)?)[\s:：、,]*(?P<answer>[^\s:：、,].*)$"
)


# 「［Q1回答：2］」, 「[Q1: 2]」: the answer stands within the brackets of its question.
_BRACKETED_WHOLE = re.compile(
    r"\s*[【\[［〔](?P<said>[^【】\[\]［］〔〕]{1,60}[:：]\s*[0-9０-９、,\s]{1,20})[】\]］〕]\s*"
)
_BOTH = re.compile("とも|共|いずれ|どちら|すべて|全|両")


_WORD = re.compile("[一-龠々]{2,}|[ァ-ヶー]{2,}|[a-z]{2,}")
_TITLE = re.compile(r"\s?[(（](?P<title>[^()（）]{2,60})[)）](?=\s*[^\s])")


def explicit_answers(survey: Survey, line: str) -> list[tuple[str, str]]:
    """Return (question, what is written) when a line names questions itself: "Q1 2", "問2：1,3", "Q1 2、Q2 3"."""
    return [*_short_explicit(survey, line)] if len(line) <= SHORT_LINE else _explicit(survey, line)


def _explicit(survey: Survey, line: str) -> list[tuple[str, str]]:
    if not _ANY_FIGURE.search(line) and "議案" not in line:
        return _answer_behind_question(survey, line)
    line = line[end_of(_OUR_ANSWER_IS, line) :]
    if "が" in line and _EACH_IS.fullmatch(line[:LONGEST_LINE]):
        line = line.replace("が", "は")
    elif "が" in line and _is_each(line):
        line = _IS.sub(r"\g<question>は", line)
    written = line
    line = _CONNECTIVE.sub("", without_emphasis(line))
    if opening := _OPENING.match(line):
        line = line[opening.end() :]
    if (together := _answered_together(survey, line)) is not None:
        return together
    match = ANSWER_LINE.match(line)
    if match is None and (sorry := APOLOGY.match(line)):
        behind = ANSWER_LINE.match(line[sorry.end() :])
        match = behind if behind is not None and _CORRECTED.match(behind["rest"]) else None
    if match is None:
        return _numbered_answer(survey, line) or _answer_behind_question(survey, line)
    if match["open"] and not match["close"]:
        whole = _BRACKETED_WHOLE.fullmatch(line[:LONGEST_LINE])
        return _explicit(survey, whole["said"]) if whole else []
    if match["close"] and not match["open"] and (match["inner"] or match["outer"]):
        return []  # the rest of a slot of ours
    number = named_question(match)
    question = question_of(survey, number)
    if question is not None and question.type == "text" and written != line:
        match = ANSWER_LINE.match(written) or match  # a free answer keeps its asterisks
    rest = _without_title(question, match["rest"])
    if question is not None and question.type != "text" and (corrected := _CORRECTED.match(rest)):
        return [(number, corrected["value"])]
    if question is not None and question.type == "multi" and _DOTS_ONLY.fullmatch(rest):
        return [(number, "、".join(re.findall("[0-9０-９]+", rest)))]
    if _LONE_DASH.fullmatch(rest):
        return [(number, rest.strip(" \t\u3000:：→"))]  # nothing, and no name of the line below
    separated = _separated(rest, match["close"], question)
    if separated is None and question is not None and question.type == "text" and match["inner"]:
        separated = _separated(line[match.start("inner") :], match["close"], question)  # 「Q7 回答精度が…」
    if separated is None and question is not None and question.type == "text":
        about = _ABOUT_TEXT.match(rest)
        separated = rest[about.end() :] if about else None
    if separated is None and match["nth"] and question is not None and question.type != "text":
        separated = rest if _begins_with_answer(question, rest) else None  # 「1問目2番」
    if separated is None:
        return []
    value = _without_particle(_slot_value(separated, question), question)
    if question is not None and question.type != "text" and _POINTS_BELOW.fullmatch(value):
        return []
    if question is not None and question.type == "text" and (further := _further_text(survey, number, value)):
        return further
    if question is not None and question.type != "text" and _LEFT_OPEN.match(rest):
        return [(number, ""), *explicit_answers(survey, value)]
    if question is not None and question.type != "text" and (cut := _FURTHER_ANSWER.search(value)):
        first = _without_particle(value[: cut.start()].rstrip(_BETWEEN), question)
        return [(number, first), *explicit_answers(survey, value[cut.start() :])]
    if question is not None and question.type != "text":
        value = value.rstrip("|｜ \t")  # of a table
    return [(number, value)]


# 「Q1：AI　Q2：なし」 are two answers; 「Q1 Q2の選択肢が…」 is one.
_NEXT_AFTER_TEXT = re.compile(
    rf"(?<=[\s、。,，/／;；])(?={QUESTION_MARK}\s?(?P<number>[0-9０-９]{{1,3}})\s?[:：→])"
)
_LEFT_OPEN = re.compile(rf"^\s*[-－−‐ー]\s+(?={QUESTION_MARK}\s?[0-9０-９])")  # 「Q1 1 Q2 - Q3 1」


def _further_text(survey: Survey, number: str, value: str) -> list[tuple[str, str]]:
    """Return a free answer and those to later questions that the same line names with a colon; none: it names no other."""
    cut = _NEXT_AFTER_TEXT.search(value[:LONGEST_LINE])
    later = f"Q{int(cut['number'])}" if cut else number
    if cut is None or int(later[1:]) <= int(number[1:]) or question_of(survey, later) is None:
        return []
    return [(number, value[: cut.start()].rstrip(_BETWEEN)), *explicit_answers(survey, value[cut.start() :])]


def _is_each(line: str) -> bool:
    """Say whether a line gives two questions and more their answers with が, and names no condition."""
    return len(_IS.findall(line[:LONGEST_LINE])) > 1 and _IF.search(line) is None


_short_explicit = lru_cache(maxsize=4096)(_explicit)  # members of one survey write the same few lines


def _answered_together(survey: Survey, line: str) -> list[tuple[str, str]] | None:
    """Return the one answer that a line gives to several questions: 「議案1、議案2とも賛成します」, 「両議案に賛成」.

    「全議案に賛成」 stays a question back, as ballot.md section 8 has it (すべて, 全部).
    A number may as well be an option's as one more question's, unless とも or the like follows.
    """
    named = "議案" in line or _BOTH.search(line) is not None
    match = _TOGETHER.match(line) if named and len(line) <= LONGEST_LINE else None
    if match is None:
        return None
    if match["named"]:
        numbers = [f"Q{int(number)}" for number in re.findall("[0-9０-９]+", match["named"])]
    else:
        numbers = [question.id for question in survey.questions]
        if len(numbers) != 2:
            return None
    asked = [question_of(survey, number) for number in dict.fromkeys(numbers)]
    written = match["answer"]
    alike = len({question.options for question in asked if question is not None}) == 1
    each_marked = match["both"] or len(
        re.findall(rf"号|{QUESTION_MARK}\s?[0-9０-９]", match["named"])
    ) == len(numbers)
    places = [int(number[1:]) for number in numbers]
    three = len(places) > 2 and places == sorted(
        set(places)
    )  # 「議案1、2、3 賛成」 is no motion 1 with 2 and 3
    surely = _BOTH.search(match["joined"]) or ((each_marked or three) and not re.match("[0-9０-９]", written))
    if len(asked) < 2 or not alike or not surely:
        return None
    if any(
        question is None or question.type not in {"yesno", "single"} or not is_answer(question, written)
        for question in asked
    ):
        return None
    return [(question.id, written) for question in asked if question is not None]


# 「Q5の満足度は4です」
_ITS_WORDS = re.compile(r"\s?の(?P<words>[^\s、。はがを0-9０-９]{2,30})は(?!い(?!いえ))[、，,]?\s?(?=\S)")


def _without_title(question: Question | None, rest: str) -> str:
    """Return what follows a question's number without its title in brackets, short or whole: 「議案1（規約改正）賛成」.

    Other words about the question stand behind the answer instead, where they are judged as a remark: 「Q1（導入の有無）2」.
    """
    named = _ITS_WORDS.match(rest) if question is not None and question.type != "text" else None
    if named is not None and question is not None and tidy(named["words"]) in tidy(question.text):
        behind = rest[named.end() :]
        return f" {behind}" if is_answer(question, behind) else rest
    title = _TITLE.match(rest) if question is not None and question.type != "text" else None
    if title is None or question is None or is_answer(question, title["title"]):
        return rest
    characters = iter(line_key(question.text))
    if all(character in characters for character in line_key(title["title"])):
        return f" {rest[title.end() :]}"
    words, asked = _WORD.findall(tidy(title["title"])), tidy(question.text)
    if "賛成" in question.options or not any(word in asked for word in words):
        return rest  # 「議案2（補正） 反対」 may be another motion
    behind = rest[title.end() :].strip(" \t\u3000:：→⇒=＝")
    return f" {behind}（{title['title']}）" if is_answer(question, behind) else rest


def _answer_behind_question(survey: Survey, line: str) -> list[tuple[str, str]]:
    """Return the whole answer that stands behind a question's own words, its number left out: 「令和9年度予算　賛成」."""
    written = line.strip(BULLETS)
    answers: dict[str, str] = {}
    for question in survey.questions:
        for asked in _own_words(question):
            answer = written.removeprefix(asked).lstrip(" \t\u3000:：→⇒=＝…")
            if len(answer) < len(written) - len(asked) and answer and is_answer(question, answer):
                answers[question.id] = answer
    return list(answers.items()) if len(answers) == 1 else []  # 「経費」 of two questions is none


_IN_BRACKETS = re.compile(r"[(（][^()（）]{1,20}[)）]")
_YEAR_BEFORE = re.compile(r"^(?:令和|平成)?[0-9０-９]{1,4}年度?(?:の|における)?(?=[^\s]{4})")
_SHORTEST_QUANTITY = 4  # characters: 「人口」 may begin any line


def _own_words(question: Question) -> tuple[str, ...]:
    """Return the words of a question behind which its answer may stand, also without what is in brackets, such as a unit."""
    if question.type == "text":
        return ()
    words = [question.text, _IN_BRACKETS.sub("", question.text)]
    words.append(_YEAR_BEFORE.sub("", words[1]))
    shortest = _SHORTEST_QUANTITY if question.type == "number" else 1
    return tuple(each for each in dict.fromkeys(words) if len(each) >= shortest)


def _begins_with_answer(question: Question, written: str) -> bool:
    """Say whether an answer stands here, up to the next question that the line names."""
    further = _FURTHER_ANSWER.search(written)
    return is_answer(question, written[: further.start()].rstrip(_BETWEEN) if further else written)


def looks_like_answer(line: str) -> bool:
    """Say whether a line has the form in which members name a question, whatever stands behind it."""
    return any(form.match(line[:LONGEST_LINE]) for form in (ANSWER_LINE, _ANSWER_NUMBER, SIGNATURE))


def _numbered_answer(survey: Survey, line: str) -> list[tuple[str, str]]:
    """Return what "A1: 2" states: only a whole answer, since A4 is a sheet of paper too."""
    match = _ANSWER_NUMBER.match(line)
    question = question_of(survey, f"Q{int(match['number'])}") if match else None
    if match is None or question is None or question.type == "text":
        return []
    if question.type in {"number", "date"} and match["rest"][:1].isspace():
        return []
    value = _separated(match["rest"], None, question)
    return [(question.id, value)] if value and is_answer(question, value) else []


def _without_particle(value: str, question: Question | None) -> str:
    """Return the value without the は, is or A. that leads to it: "Q1 は2です"; words that mean something stay."""
    particle = _PARTICLE.match(value) if question is not None and question.type != "text" else None
    if particle is None or question is None or not _is_unclear(question, value):
        return value
    behind = value[particle.end() :]
    broken = tidy(behind).count(")") > behind.count("(") + behind.count(
        "（"
    )  # a piece of our own hint: (only if Q1 is 2)
    return value if broken or not behind or _is_unclear(question, behind) else behind


def _is_unclear(question: Question, text: str) -> bool:
    read = read_answer(question, text, today=date.min)
    return isinstance(read, Unclear) and read.kind == "unclear"


def _separated(rest: str, closed: str | None, question: Question | None) -> str | None:
    """Return what follows the separator of an answer line; None: the line only begins like one."""
    if not rest.strip(_ORNAMENTS):
        return ""
    separator = _ANSWER_SEPARATOR.match(rest)
    if _QUESTIONS_NAMED.match(rest):
        return rest
    if separator is None and question is not None and question.type == "yesno" and _YES_OR_NO.match(rest):
        return rest
    if separator is None and rest[0] in CIRCLED:
        further = _FURTHER_ANSWER.search(rest)
        own = rest[: further.start()] if further else rest
        return None if re.search("[0-9０-９]", own) else rest  # "Q1②": no digit of the question's own
    if separator is None:
        return rest if closed or rest[0] in OPENING else None
    if question is not None and question.type == "number" and re.match(r"\s+[-－−‐][0-9０-９]", rest):
        return rest.strip()
    return rest[separator.end() :].strip()


def _slot_value(rest: str, question: Question | None) -> str:
    """Return the value of 【Q1回答】[　　]2 and the like; other text as it stands."""
    if not rest or rest[0] not in "[［【〔":
        return EMPTY_BRACKETS.sub("", rest) if len(rest) <= LONGEST_LINE else rest
    content, tail, closed = slot_parts(rest, last=question is not None and question.type == "text")
    if not closed:
        return rest
    if is_blank(content):
        return tail
    return f"{content.strip()} {tail}".strip()


def question_of(survey: Survey, number: str) -> Question | None:
    return next((question for question in survey.questions if question.id == number), None)


def is_answer(question: Question, text: str) -> bool:
    return isinstance(read_answer(question, text, today=date.min), Understood)


# Our own question line goes on with a bracket, and none of ours holds numbers alone behind the question.
_NUMBERS_ALONE = re.compile(r"[0-9]{1,2}番?(?:\s?[,、・]\s?[0-9]{1,2}番?){0,20}")


def _is_value(question: Question, rest: str) -> bool:
    """Say whether what stands behind the question and a blank is nothing but numbers, or one whole quantity or day."""
    if question.type in {"number", "date"}:
        return rest[:1].isdigit() and is_answer(question, rest)
    return _NUMBERS_ALONE.fullmatch(rest) is not None and is_answer(question, rest)


def asked_removed(question: Question, value: str) -> str:
    """Return the value without our own question in front of it, which some members copy, with what is in its brackets or without."""
    if question.type == "text" or len(value) > LONGEST_LINE:
        return value
    written = tidy(value)
    for asked in dict.fromkeys((tidy(question.text), _LAST_BRACKETS.sub("", tidy(question.text)))):
        if len(asked) > 1 and written.startswith(asked) and written != asked:
            behind = _behind_asked(question, written, asked)
            if behind != written:
                return behind
    return value


_LAST_BRACKETS = re.compile(r"\s?\([^()]{1,40}\)$")
_TEXT_SEPARATOR = re.compile(r"[\s\u3000]*[:：→⇒=＝][\s\u3000]*|[\s\u3000]+")


def text_behind_question(question: Question, value: str) -> str:
    """Return a free answer without the question's own words before it, set apart by a blank or a colon."""
    behind = value.lstrip().removeprefix(question.text)
    separator = _TEXT_SEPARATOR.match(behind) if behind != value.lstrip() else None
    return behind[separator.end() :] if separator is not None and behind[separator.end() :] else value


def _behind_asked(question: Question, written: str, asked: str) -> str:
    rest = written[len(asked) :].lstrip()
    hint = re.match(r"\([^()]{1,60}\)", rest)
    apart = written[len(asked)] == " " or asked.endswith(")")
    if hint is None and apart and _is_value(question, rest):
        return rest
    if hint is None and rest[:1] not in {"→", ":", "=", "⇒"}:
        if (about := re.match(r"に(?:ついて|関して)は?\s?", rest)) and len(rest) > about.end():
            return rest[about.end() :]
        # Our own line, cut or damaged, may go on like this; but none holds a label without its number.
        return written if label_answer(question, rest) is None else rest
    return rest[hint.end() if hint else 0 :].lstrip(" :.,、→⇒=-") or written
