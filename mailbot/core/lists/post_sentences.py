"""What authors and moderators are told about posts that wait, in both languages: each a sentence with its figures."""

from __future__ import annotations

from collections.abc import Mapping

from mailbot.core.calendar import Language

SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        "office": "事務局",
        "nobody": "期限",
        # to the moderators, and to the one who wrote
        "accept-later": "{by} が {mail}「{subject}」を承認しました。このリストの配信時間になりましたら（{at}）、配信します。",
        "accept": "{by} が {mail}「{subject}」を承認し、投稿{number}として{count}名に配信しました。",
        "trust": "{by} が {mail}「{subject}」を承認し、投稿{number}として{count}名に配信しました。"
        "{author} からの投稿は、以後このリストで保留されません。",
        "reject": "{by} が {mail}「{subject}」を断りました。理由: {reason}",
        "discard": "{by} が {mail}「{subject}」を破棄しました。差出人には知らせていません。",
        "claim": "{by} が {mail}「{subject}」の判断を引き受けました。",
        "expire": "{mail}「{subject}」は、期限までに判断がなかったため、配信を取りやめました。",
        "expire-told": "{mail}「{subject}」は、期限までに判断がなかったため、配信を取りやめ、差出人にお知らせしました。",
        "already-accepted": "{mail} は、すでに承認され、配信時間を待っております。お返事では何も変わっていません。",
        "already": "{mail} は、もう済んでいます（{became}）。お返事では何も変わっていません。",
        "unread": "{mail} へのお返事から、判断を読み取れませんでした。保留のままです。お手数ですが、同じメールにもう一度返信し、"
        "本文の先頭に「承認」「却下 理由」「破棄」「引き受け」のどれか1つだけをお書きください。",
        "no-reason": "担当の判断により、配信を見合わせました。",
        "no-reason-office": "事務局の判断により、配信を見合わせました。",
        "given-up": "期限までに配信の判断がつかなかったため、配信を見合わせました。",
        "cut": "（以下略）",
        # to the author
        "post-over": "ご投稿「{subject}」は、もう済んでいます（{became}）。お返事では何も変わっていません。",
        "post-cancelled": "ご投稿「{subject}」の配信を取りやめました。どなたにも届いていません。",
        "post-unread": "お返事から、ご投稿「{subject}」を配信してよいかどうかを読み取れませんでした。配信するときは、同じメールに"
        "もう一度返信し、本文の先頭に「はい」とだけお書きください。",
        "post-unread-undo": "お返事を読み取れませんでした。ご投稿「{subject}」は、そのまま配信します。取りやめるときは、同じメールに"
        "もう一度返信し、本文の先頭に「取消」とだけお書きください。",
    },
    "en": {
        "office": "the office",
        "nobody": "nobody",
        "accept-later": '{by} approved {mail} "{subject}": it goes out when the list\'s hours begin ({at}).',
        "accept": '{by} approved {mail} "{subject}": it went out as post {number} to {count} members.',
        "trust": '{by} approved {mail} "{subject}": it went out as post {number} to {count} members. '
        "What {author} posts to this list is no longer held.",
        "reject": '{by} refused {mail} "{subject}": {reason}',
        "discard": '{by} discarded {mail} "{subject}"; its author was not told.',
        "claim": '{by} will decide about {mail} "{subject}".',
        "expire": 'Nobody decided about {mail} "{subject}" in time, and it does not go out.',
        "expire-told": 'Nobody decided about {mail} "{subject}" in time; it does not go out, and its author was told.',
        "already-accepted": "{mail} is approved already and waits for the list's hours; your reply changed nothing.",
        "already": "{mail} is settled already ({became}); your reply changed nothing.",
        "unread": "Your reply about {mail} says nothing that can be read, and the post still waits. Please reply to the "
        'same mail again, with one of "approve", "reject REASON", "discard" and "claim" alone on the first line.',
        "no-reason": "The moderators decided not to distribute it.",
        "no-reason-office": "The office declined it.",
        "given-up": "Nobody decided about it in time, and it was not distributed.",
        "cut": "(more)",
        "post-over": 'Your post "{subject}" is settled already ({became}); your reply changed nothing.',
        "post-cancelled": 'Your post "{subject}" does not go out, and nobody has got it.',
        "post-unread": 'Your reply does not say whether "{subject}" shall go out. If it shall, please reply to the same '
        'mail again, with "yes" alone on the first line.',
        "post-unread-undo": 'Your reply cannot be read, and "{subject}" goes out. If it shall not, please reply to the '
        'same mail again, with "cancel" alone on the first line.',
    },
}


def post_sentence(language: Language, name: str, /, **figures: object) -> str:
    """Return a sentence with its figures."""
    return SENTENCES[language][name].format(**figures)
