"""What the office is told about its commands and acts, in both languages: each a sentence with its figures."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot.core.calendar import Language
from mailbot.core.surveys.survey import Survey
from mailbot.core.surveys.two_persons import Act

SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        # what was done
        "open": "{key} を始めました。{figure}団体に送ります。",
        "close": "{key} を締め切りました。{figure}団体のお答えを数えます。",
        "close-vote": "{key} を締め切りました。届いた票と委任を数えます。",
        "closing": "{key} を締め切ります。いま届いているメールを読み終えしだい、締め切ります。",
        "extend": "{key} の締切を {closes} に延ばしました。{figure}団体にお知らせします。",
        "publish": "{key} の結果を公表しました。{figure}通を送ります。",
        "destroy": "{key} のメールの原本を破棄しました（{what}）。",
        "accept": "{mail} を受け入れました。",
        "trust": "{mail} を受け入れました。この差出人の投稿は、以後このリストで保留されません。",
        "accept-vote": "{mail} を数えました。{body}（{key}）は第{version}版{stands}",
        "not-in-result": "ただし、{key} の結果は{at}に公表済みで、このお答えを含んでいません。必要なときは、皆様に訂正をお知らせください。",
        "discard": "{mail} を、差出人に知らせずに片付けました。",
        "reject": "{mail} を受け入れないことにしました。",
        "entered": "{body}（{key}）のお答えを代理入力しました。第{version}版{stands}",
        "entered-asked": "足りない問があるため、受付のメールで団体にお尋ねしています。",
        "given": "{mail} のお答えとして数えました。{body}（{key}）は第{version}版{stands}",
        "remind": "{key} の未回答の{figure}団体に、催促のメールを送ります。",
        "status-planned": "{key} は始める前です。{opens} に始め、{closes} に締め切る予定です。",
        "status-open": "{key} は受付中です。{invited}団体のうち{answered}団体がお答え済みで、{missing}団体がまだです。"
        "事務局の確認待ちは{held}件、締切は {closes} です。",
        "status-closed": "{key} は {closed} に締め切りました。{invited}団体のうち{answered}団体のお答えを数えました。"
        "事務局の確認待ちは{held}件です。",
        "reissue": "{body} に、{key} の新しい回答票を送ります。前の回答票のあて先は使えなくなりました。",
        "resumed": "{address} への配信を再開しました。",
        "not-troubled": "{address} からは、このところ何も戻ってきていません。配信は止まっていません。",
        "waiting": "2人で行うことのため、{others} に承認をお願いしました。承認されるまでは行いません。",
        "approved": "{act}（{key}）を承認しました。",
        "approved-draft": "{key} の案を承認しました。予定の {opens} に始まります。",
        "opens-passed": "始まりの予定（{opens}）を過ぎていたため、承認とともに始めました。",
        "sent-back": "{act}（{key}）を差し戻しました。",
        "alone": "2人で行うことですが、設定にほかの方のお名前がないため、お一人で行いました。その旨を記録しました。",
        # how to take it back
        "undo-extend": "延ばした締切は元に戻せません。早めに終えるときは「締切 {key}」で、その場で締め切れます。",
        "day-off": "新しい締切は、役所の休みの日です。",
        "undo-close": "締切は取り消せません。締切の後に届いたお返事は、1件ずつ「採用」で数えられます。",
        "undo-close-sealed": "締切は取り消せません。無記名のため、締切の後に届いたお返事は数えられません。",
        "undo-publish": "公表は取り消せません。",
        "undo-entered": "直すには、もう一度「代理」の行をお送りください。団体からの返信でも直せます。",
        "undo-accept": "直すには「代理」の行をお送りください。団体からの返信でも直せます。",
        "undo-discard": "原文は残っています（mailbot queue --why {number}）。",
        # what cannot be done
        "no-survey": "{key} という調査や書面表決はありません。",
        "which-survey": "受付中の調査や書面表決が{count}件あります。「代理 S26-014 …」のように、番号もお書きください。",
        "not-open": "{key} は受付中ではありません。",
        "not-closed": "{key} はまだ締め切っていません。",
        "not-planned": "{key} は、もう始まっています。案をお送りできるのは始める前だけです。",
        "published": "{key} の結果は、もう公表しています。",
        "to-nobody": "{key} の結果は、定義の publish の to が nobody のため、どこにも送りません。",
        "result-stays": "締め切りましたが、結果を送れませんでした。{why}",
        "sending-head": "{subject} の発送",
        "broken-off": "{copies}通のうち{bounced}通が届かずに戻ってきたため、まだ出ていなかった{stopped}通は送らないことにしました。"
        "相手のサーバーの言葉は mailbot queue で見られます。お返事のない団体には、次の再度のお願いが届きます。",
        "all-left": "{copies}通のうち{bounced}通が届かずに戻ってきました。もうすべて出ていたため、止めたものはありません。名簿、または当方の"
        "ドメインの信用に問題がないか、お確かめください。相手のサーバーの言葉は mailbot queue で見られます。",
        "not-later": "{closes} は、いまの締切より後ではありません。早めるときは「締切 {key}」で、その場で締め切れます。",
        "no-mail": "{mail} という番号のメールはありません。",
        "not-held": "{mail} は保留中ではありません（{state}）。",
        "no-answer-mail": "{mail} は調査や書面表決へのお返事ではないため、お答えを入れられません。",
        "no-answer-in-it": "{mail} には、お答えとして読み取れるところがありません（{why}）。お電話などで確かめて「{mail} Q1=2」の"
        "ようにお書きになるか、{author} に番号での返信をお願いして、このメールは破棄してください。",
        "no-post": "{mail} はリストへの投稿ではありません。採用、返送、破棄のどれかをお選びください。",
        "no-such-reason": "{name} の断る理由に、{number}番はありません（1番から{most}番まであります）。",
        "no-accept": "{mail} は事務局からの指示のメールです。指示は、事務局あてのメールへの返信で改めてお送りください。",
        "no-body": "団体コード {code} の団体には、{key} をお尋ねしていません。",
        "bad-code": "団体コード {code} は正しくありません。検査数字をお確かめください。",
        "persons": "{key} はお一人ずつお尋ねするものです。団体としての代理入力はできません。",
        "no-question": "{key} に {question} はありません。",
        "which-question": "{mail} のどの問へのお答えか分かりません。「Q2=1,3」のように、問の番号もお書きください。",
        "unread": "{question} の「{value}」は、{why}。",
        "not-counted": "このままでは数えられません（{why}）。",
        "no-act": "このメールは承認をお願いするメールではありません。お願いのメールに返信してください。",
        "own-act": "ご自分がお求めになったことは、ご自分では承認できません。ほかの方の承認が要ります。",
        "desk-only": "このメールに返信してできるのは、「承認」と「差戻し 理由」だけです。",
        "not-asked": "承認できるのは、お願いをお送りした方だけです。",
        "decided": "これは、もう決まっています（{state}、{by}）。",
        "lapsed": "お願いから7日を過ぎたため、取り止めになりました。改めてお求めください。",
        "changed": "お願いした後に{matter}の内容が変わったため、取り止めました。改めてお求めください。",
        "moot": "{matter}の状況が変わったため、取り止めました。",
        "superseded": "新しいお願いに替わりました。",
        "already-waiting": "同じことを {by} さんがお求めになっており、承認を待っています。そのメールに「承認」とご返信ください。",
        "not-done": "承認されましたが、行えませんでした。{why}",
        "stopped": "前の行を行えなかったため、行っていません。",
        # a reply that does nothing
        "word-used": "お返事のあて先は、1回使われています。何も行っておりません。",
        "word-expired": "お返事のあて先は、14日を過ぎています。何も行っておりません。",
        "word-foreign": "お返事のあて先は、事務局の方のものではなくなっています。何も行っておりません。",
        "no-command": "お返事に、指示が見当たりませんでした。何も行っておりません。",
        # why a command waits for the office
        "that-reply": "{at}に届いたお返事",
        "untrusted": "事務局への指示ですが、メールの認証結果（DMARC か DKIM）で差出人を確かめられませんでした。指示は行っておりません。",
        "other-address": "事務局への指示ですが、お送りした先（{to}）とは別のアドレスから届きました。指示は行っておりません。",
        "differs": "事務局への指示ですが、本文のテキストとHTMLで指示が違います。指示は行っておりません。",
        "too-long": "事務局への指示ですが、本文が長すぎます。指示は行っておりません。",
        "hint": "事務局への指示ですが、自動応答のような件名です。指示は行っておりません。",
        "nobody": "お答えなし",
        "stands": "で、{answers}となりました。",
        "stands-sealed": "となりました。お答えは、無記名のため、ここには記しません。",
        "not-shown": "お答えは、無記名のため、ここには記しません。",
        "hidden": "（お答えは記しません）",
        "sealed": "{key} は無記名で、もう締め切っています。締切の後にお答えを加えることはできません。",
        "destroyed-before": "{key} のメールの原本は、もう残っていません。データベースの跡を、念のためもう一度消しました。",
        "destroy-later": "{key} のメールの原本は、受付のメールを送り終えしだい破棄します。",
        # on the page: why a post waits that waits for nobody's decision
        "waits-author": "差出人ご本人の確認を待っています（{at}まで）。",
        "waits-clock": "差出人が取り消せる間、または配信時間になるまで待っています。{at}に配信します。",
        "waits-accepted": "承認済みです。このリストの配信時間になりましたら、{at}に配信します。",
        # on the page: what a decision will do
        "will-post": "「{title}」のメンバー{members}名のうち、{count}名にすぐ配信します。",
        "will-post-later": "「{title}」の配信時間になる{at}に、メンバー{members}名のうち{count}名に配信します。",
        "will-trust": "{author} からの投稿は、以後このリストで保留されません。",
        "will-reject": "配信せず、差出人（{author}）に、理由を添えてお知らせします。",
        "will-reject-nobody": "お受けしないことにします。差出人にはお知らせしません。",
        "will-reject-body": "お答えとして数えず、{body}の登録アドレスに、理由を添えてお知らせします。",
        "will-discard": "差出人に知らせずに片付けます。原文は残ります。",
        "will-count": "{body}の {key} へのお答えとして数えます（{answers}）。",
        "will-count-unseen": "お答えは、ここには記しません",
        "will-read": "{body}の {key} へのお返事として受け付けます。",
        "will-wait": "{key} のお答えの採用は二人で行うため、{others} に承認をお願いします。承認されるまでは数えません。",
        "will-answer": "事務局で対応済みとします。差出人には何も送りません。",
        "pressed-before": "このボタンは、1回押されているか、30分を過ぎています。何も行っておりません。",
        # on the page: how the service is
        "service-inbox": "これから読む受信メールは{unread}通、判断を待っているメールは{held}件です。",
        "service-leaves": "送るメールは、滞りなく出ています。",
        "service-overdue": "送る時刻を{span}過ぎて、まだ出ていないメールがあります。運用担当の方にお知らせください。",
        "service-quarantined": "読めずに隔離したメールが{count}通あります（mailbot queue で見られます）。",
        "seen-changed": "{mail} は、ご覧になった後に変わりました。もう一度ご覧のうえ、お決めください。",
    },
    "en": {
        "open": "{key} is open; {figure} bodies are sent their ballot.",
        "close": "{key} is closed; the answers of {figure} bodies count.",
        "close-vote": "{key} is closed; the votes and proxies that came by then count.",
        "closing": "{key} closes as soon as the mail that has arrived by now is read.",
        "extend": "{key} now closes on {closes}; {figure} bodies are told.",
        "publish": "The result of {key} is published; {figure} mails go out.",
        "destroy": "The raw mails of {key} are destroyed ({what}).",
        "accept": "{mail} is accepted.",
        "trust": "{mail} is accepted, and so is what its author posts to that list from now on.",
        "accept-vote": "{mail} counts. {body} ({key}) is now at version {version}{stands}",
        "not-in-result": " But the result of {key} went out on {at} and does not contain it; please tell those who have it where it matters.",
        "discard": "{mail} is put aside; its sender is not told.",
        "reject": "{mail} is refused.",
        "entered": "The answer of {body} ({key}) is entered. It is now at version {version}{stands}",
        "entered-asked": "Questions are missing; the body is asked for them in its receipt.",
        "given": "{mail} counts with these answers. {body} ({key}) is now at version {version}{stands}",
        "remind": "{key}: {figure} bodies that have not answered are reminded.",
        "status-planned": "{key} has not begun. It opens on {opens} and closes on {closes}.",
        "status-open": "{key} is open. {answered} of {invited} bodies have answered, {missing} have not; "
        "{held} replies wait for the office. It closes on {closes}.",
        "status-closed": "{key} was closed on {closed}. The answers of {answered} of {invited} bodies count; "
        "{held} replies wait for the office.",
        "reissue": "{body} is sent a new ballot of {key}; the address of the old one is dead.",
        "resumed": "List mail goes to {address} again.",
        "not-troubled": "Nothing has come back from {address} of late; its list mail is not stopped.",
        "waiting": "This needs two persons: {others} is asked to approve. Until then it is not done.",
        "approved": "You approved: {act} ({key}).",
        "approved-draft": "You approved the draft of {key}. It opens as planned on {opens}.",
        "opens-passed": " It was to open on {opens}, which is past; so your approval opened it.",
        "sent-back": "You sent back: {act} ({key}).",
        "alone": "This needs two persons, and the configuration names nobody else: you alone did it, and that is on record.",
        "undo-extend": 'It cannot be taken back; to end it earlier, "close {key}" closes it at once.',
        "day-off": "The new close is on a day on which town halls are closed.",
        "undo-close": 'A close cannot be taken back. Later replies can be counted one by one with "accept".',
        "undo-close-sealed": "A close cannot be taken back, and of a sealed survey no later reply can be counted.",
        "undo-publish": "A publication cannot be taken back.",
        "undo-entered": 'To correct it, send another "enter" line; the body may correct it in reply, too.',
        "undo-accept": 'To correct it, send an "enter" line; the body may correct it in reply, too.',
        "undo-discard": "Its text is kept (mailbot queue --why {number}).",
        "no-survey": "There is no survey {key}.",
        "which-survey": '{count} surveys are open; please name one, as in "enter S26-014 ...".',
        "not-open": "{key} is not open.",
        "not-closed": "{key} is not closed yet.",
        "not-planned": "{key} has begun already; a draft can be sent only before.",
        "published": "The result of {key} is published already.",
        "to-nobody": "The result of {key} goes to nobody, as its definition says (publish: {{to: nobody}}).",
        "result-stays": "It is closed, but its result did not go out: {why}",
        "sending-head": "mail about {subject}",
        "broken-off": "{bounced} of {copies} copies came back for good, so the other {stopped} were withdrawn before they left. "
        "See `mailbot queue`; those who have not answered get the next reminder.",
        "all-left": "{bounced} of {copies} copies came back for good; all had left, so nothing was stopped. Something may be wrong with the "
        "register, or with the name of our domain: see `mailbot queue`.",
        "not-later": '{closes} is not after the present close. To end it earlier, "close {key}" closes it at once.',
        "no-mail": "There is no mail {mail}.",
        "not-held": "{mail} is not held ({state}).",
        "no-answer-mail": "{mail} is no reply to a survey; it takes no answers.",
        "no-answer-in-it": "Nothing in {mail} can be read as an answer ({why}). Ask by telephone and write {mail} Q1=2, or ask "
        "{author} to answer by number and discard this one.",
        "no-post": "{mail} is no post to a list; accept it, reject it or discard it.",
        "no-such-reason": "{name} has no reason {number}; its reasons are 1 to {most}.",
        "no-accept": "{mail} is a command to the desk; please send it again, in reply to a mail to the office.",
        "no-body": "The body {code} was not asked in {key}.",
        "bad-code": "The code {code} is not right; please look at its check digit.",
        "persons": "In {key} each person has a vote of his own; an answer cannot be entered for the body.",
        "no-question": "{key} has no {question}.",
        "which-question": 'It is not clear which question of {mail} is meant; please write it, as in "Q2=1,3".',
        "unread": '{question} "{value}": {why}.',
        "not-counted": "It cannot be counted so ({why}).",
        "no-act": "This mail asks for no approval; please reply to the one that does.",
        "own-act": "What you asked for yourself needs somebody else's approval.",
        "desk-only": 'In reply to this mail you can only "approve", or "return" with a reason.',
        "not-asked": "Only those who were asked may approve this.",
        "decided": "This is decided already ({state}, {by}).",
        "lapsed": "Seven days have passed since it was asked for; it is given up. Please ask again.",
        "changed": "It was changed since you were asked; it is given up. Please ask again.",
        "moot": "It has moved on since; it is given up.",
        "superseded": "A newer request took its place.",
        "already-waiting": '{by} has asked for the same, and it waits for approval; please reply "approve" to that mail.',
        "not-done": "It was approved and could not be done. {why}",
        "stopped": "Not done, because the line before it was not.",
        "word-used": "The address of your reply was used once already; nothing was done.",
        "word-expired": "The address of your reply is older than 14 days; nothing was done.",
        "word-foreign": "The address of your reply no longer belongs to the office; nothing was done.",
        "no-command": "There is no command in your reply; nothing was done.",
        "that-reply": "the reply of {at}",
        "untrusted": "It is a command to the desk, but no DMARC or DKIM result of our own server vouches for its sender; nothing was done",
        "other-address": "It is a command to the desk, but it came from another address than {to}, to which our mail was sent; nothing was done",
        "differs": "It is a command to the desk, but its text and its HTML differ; nothing was done",
        "too-long": "It is a command to the desk, but its text is too long; nothing was done",
        "hint": "It is a command to the desk, but its Subject reads like an automatic reply; nothing was done",
        "nobody": "no answers",
        "stands": ": {answers}.",
        "stands-sealed": ". Its answers are not shown here, the survey being sealed.",
        "not-shown": "The answers are not shown here, the survey being sealed.",
        "hidden": "(answers not repeated)",
        "sealed": "{key} is sealed and closed; no answer can be added any more.",
        "destroyed-before": "No raw mail of {key} is left; the traces in the database were overwritten once more.",
        "destroy-later": "The raw mails of {key} are destroyed as soon as its receipts have left.",
        "waits-author": "It waits for its author's own word (until {at}).",
        "waits-clock": "It waits while its author may cancel it, or for the list's hours, and goes out at {at}.",
        "waits-accepted": "It is approved, and goes out when the list's hours begin, at {at}.",
        "will-post": 'It goes out at once to {count} of the {members} members of "{title}".',
        "will-post-later": 'It goes out when the hours of "{title}" begin, at {at}, to {count} of its {members} members.',
        "will-trust": " What {author} posts to this list is no longer held.",
        "will-reject": "It does not go out, and its author ({author}) is told why.",
        "will-reject-nobody": "It is refused; its sender is not told.",
        "will-reject-body": "It does not count, and the registered address of {body} is told why.",
        "will-discard": "It is put aside; its sender is not told. Its text is kept.",
        "will-count": "It counts as the answer of {body} to {key} ({answers}).",
        "will-count-unseen": "answers not shown here",
        "will-read": "It is taken as the answer of {body} to {key}.",
        "will-wait": "To admit an answer to {key} needs two persons: {others} is asked to approve. Until then it does not count.",
        "will-answer": "The office has seen to it; nothing is sent to its sender.",
        "pressed-before": "This button was pressed before, or is older than 30 minutes; nothing was done.",
        "service-inbox": "{unread} received mails are still to be read, and {held} wait for a decision.",
        "service-leaves": "What is to leave leaves.",
        "service-overdue": "Mail has been due for {span} and has not left; please tell whoever runs the service.",
        "service-quarantined": "{count} mails could not be read and are set aside (see mailbot queue).",
        "seen-changed": "{mail} has changed since you looked at it; please look again before you decide.",
    },
}

ACTS: Mapping[Language, Mapping[Act, str]] = {
    "ja": {
        "open": "調査の開始",
        "close": "調査の締切",
        "extend": "締切の延期",
        "admit": "お答えの採用",
        "publish": "結果の公表",
        "destroy": "メールの原本の破棄",
        "send": "メールマガジンの配信",
    },
    "en": {
        "open": "opening the survey",
        "close": "closing the survey",
        "extend": "extending the survey",
        "admit": "admitting an answer",
        "publish": "publishing the result",
        "destroy": "destroying the raw mails",
        "send": "sending the bulletin",
    },
}

# The same of a resolution, which is no survey to its readers.
_ACTS_OF_VOTE: Mapping[Language, Mapping[Act, str]] = {
    "ja": {"open": "開始", "close": "締切"},
    "en": {"open": "opening", "close": "closing", "extend": "extending"},
}

MAIL_STATES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "received": "これから読みます",
        "posted": "配信済み",
        "voted": "受付済み",
        "answered": "処理済み",
        "bounced": "不達の知らせ",
        "rejected": "お断り済み",
        "discarded": "片付け済み",
        "quarantined": "隔離中",
    },
    "en": {},
}

STATES: Mapping[Language, Mapping[str, str]] = {
    "ja": {"waiting": "承認待ち", "approved": "承認済み", "rejected": "差戻し", "expired": "取止め"},
    "en": {"waiting": "waiting", "approved": "approved", "rejected": "sent back", "expired": "given up"},
}


def sentence(language: Language, name: str, /, **figures: object) -> str:
    """Return one of these sentences with its figures."""
    return SENTENCES[language][name].format(**figures)


def act_name(language: Language, act: Act, survey: Survey) -> str:
    """Return what an act about this survey or resolution is called."""
    own = {} if survey.resolution is None else _ACTS_OF_VOTE[language]
    return own.get(act, ACTS[language][act])


def mail_name(number: int) -> str:
    """Return how a held mail is called: U-0231."""
    return f"U-{number:04d}"
