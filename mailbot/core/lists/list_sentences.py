"""What members are told about their commands, in both languages: each a sentence with its figures."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from mailbot.core.calendar import Language, date_words
from mailbot.core.lists.list_command import (
    AddAddress,
    ChangeAddress,
    ChooseThread,
    Command,
    Deliver,
    DropAddress,
    HandOver,
    Invite,
    JoinList,
    LeaveList,
    Off,
    On,
    OpenList,
    OwnCopies,
    PlainText,
    Receipts,
)
from mailbot.core.lists.membership import Mode
from mailbot.core.lists.own_settings import Setting

SENTENCES: Mapping[Language, Mapping[str, str]] = {
    "ja": {
        # what will be done, for the mail that asks; and what was done
        "join": "「{title}」に入会します。",
        "leave": "「{title}」を退会します。",
        "off": "「{title}」の配信を、{first}から{last}止めます。",
        "until": "{last}まで",
        "until-on": "「再開」のお知らせがあるまで",
        "on": "「{title}」の配信を再開します。",
        "each": "「{title}」の投稿を、1通ずつお届けします。",
        "digest": "「{title}」の投稿を、{when}まとめてお届けします。",
        "digest-plain": "「{title}」の投稿を、{when}本文だけまとめてお届けします。",
        "notices": "「{title}」の投稿は、届いたことだけを{when}お知らせします。",
        "when-day": "平日ごとに",
        "when-week": "週に1度",
        "digest-cut": "（長いため、ここまでです。「過去記事 {number}」で全文をお送りします）",
        "digest-file": "（添付: {name}）",
        "none": "「{title}」の投稿をお届けしません。",
        "own-on": "「{title}」へのご自分の投稿も、お届けします。",
        "own-off": "「{title}」へのご自分の投稿は、お届けしません。",
        "receipts-on": "「{title}」へのご投稿を配信したときに、お知らせします。",
        "receipts-off": "「{title}」へのご投稿の配信のお知らせを、お送りしません。",
        "did-receipts-on": "「{title}」へのご投稿を配信したときに、お知らせします。",
        "did-receipts-off": "「{title}」へのご投稿の配信のお知らせは、お送りしません。",
        "no-receipts": "「{title}」では、配信したことのお知らせをお送りしておりません。",
        "plain-on": "「{title}」の投稿を、添付のない文章だけの形でお届けします。",
        "plain-off": "「{title}」の投稿を、届いたままの形でお届けします。",
        "mute": "「{title}」のその話題は、今後お届けしません。",
        "follow": "「{title}」のその話題を、1通ずつお届けします。",
        "change-address": "{old} の登録を、すべて {new} に改めます。",
        "hand-over": "{old} の登録を、後任の方（{name} {new}）に引き継ぎます。",
        "add-address": "{new} を、{address} の方の別アドレスとして加えます。",
        "drop-address": "{old} を、別アドレスから外します。",
        "asked-further": "{new} に確認のメールをお送りしました。そのアドレスからのお返事をいただいてから加えます。",
        "did-add-address": "{new} を別アドレスとして加えました。これからは、このアドレスからも投稿や回答ができます。"
        "当方からのメールは、これまでどおり {address} にお届けします。",
        "did-drop-address": "{old} を別アドレスから外しました。",
        "addresses": "メールのお届け先は {address} です。",
        "addresses-others": "別アドレス（ここからもお書きになれます）: {others}",
        "addresses-none": "別アドレスはありません。加えるときは「別アドレス追加 アドレス」とお書きください。",
        "open-group": "グループ「{title}」（{list}）を開設します。",
        "invite": "「{title}」に、{addresses} をお誘いします。",
        "did-open": "グループ「{title}」を開設しました。投稿のあて先は {list} です。",
        "open-hint": "仲間を誘うには、{request} あてに「招待 相手のアドレス」とお書きください。",
        "did-invite": "「{title}」へのお誘いを {addresses} にお送りしました。お返事があれば入会となります。",
        "did-join": "「{title}」に入会されました。投稿のあて先は {list} です。",
        "did-leave": "「{title}」を退会されました。",
        "did-off": "「{title}」の配信を、{first}から{last}お止めします。",
        "did-on": "「{title}」の配信を再開しました。",
        "roll-confirmed": "名簿のご確認をありがとうございます。ご登録のとおりと承りました。",
        "full-stop": "。",
        "reached": "ご返信ありがとうございます。メールが届いていることを確かめました。",
        "reached-again": "ご返信ありがとうございます。配信を再開しました。止まっていた間の投稿は、"
        "リストの受付あてに「一覧」とお書きになると、探してお読みになれます。",
        "did-each": "「{title}」の投稿を、1通ずつお届けします。",
        "did-digest": "「{title}」の投稿を、{when}まとめてお届けします。",
        "did-digest-plain": "「{title}」の投稿を、{when}本文だけまとめてお届けします。",
        "did-notices": "「{title}」の投稿は、届いたことだけを{when}お知らせします。",
        "did-none": "「{title}」の投稿をお届けしません。",
        "did-own-on": "「{title}」へのご自分の投稿も、お届けします。",
        "did-own-off": "「{title}」へのご自分の投稿は、お届けしません。",
        "did-plain-on": "「{title}」の投稿を、添付のない文章だけの形でお届けします。",
        "did-plain-off": "「{title}」の投稿を、届いたままの形でお届けします。",
        "did-mute": "「{title}」のその話題は、今後お届けしません。",
        "did-follow": "「{title}」のその話題を、またお届けします。",
        "asked-office": "事務局に申し込みました。承認されましたら、メールでお知らせします。",
        "asked-moderators": "リストの管理の方に申し込みました。承認されましたら、メールでお知らせします。",
        "request-done": "{address} の方は、すでに「{title}」に入会されています。",
        "asked-new": "{new} に確認のメールをお送りしました。新しい方のお返事をいただいてから改めます。",
        "asked-you": "確認のメールをお送りしました。そのお返事をいただいてから行います。",
        "confirmed": "確認を承りました。",
        "help": "使える言葉は、下のとおりです。",
        "undo-leave": "お間違えなら、7日のうちに「取消」とだけ返信してください。",
        "undone": "退会を取り消し、元に戻しました。",
        "link-leave": "退会（メールにある退会用のリンクから）",
        "link-off": "配信の停止（メールにある退会用のリンクから）",
        # old posts
        "index": "「{title}」の新しい投稿{count}件です。",
        "index-none": "「{title}」には、まだ投稿がありません。",
        "found": "「{words}」で{count}件の投稿が見つかりました。",
        "found-more": "「{words}」で見つかった投稿のうち、新しいもの{count}件です。",
        "found-none": "「{words}」では、投稿が見つかりませんでした。",
        "how-get": "お読みになるときは「過去記事 {number}」のように、番号をお書きください。",
        "sent-posts": "「{title}」の投稿{count}件（{numbers}）を、別のメールでお送りします。",
        "sent-rest": "1通でお送りできるのは{most}件、約{size}MBまでです。続きは「過去記事 {first}-{last}」とお書きください。",
        # how things stand
        "guide": "「{title}」（{list}）の案内です。",
        "guide-closed": "投稿できるのはメンバーです。",
        "guide-open": "名簿の方はどなたでも投稿できます。",
        "guide-announce": "事務局からのお知らせ専用です。",
        "guide-members": "メンバーは{count}名です。",
        "guide-join-closed": "メールでの入会は受け付けておりません。",
        "guide-join-ask": "入会は、事務局の承認を経て行います。",
        "guide-join-confirm": "名簿の方はどなたでも、「入会」のメールで入会できます。",
        "guide-leave": "退会は「退会」のメールで、いつでもできます。",
        "guide-duty": "会員の皆様への連絡用のため退会はできません。配信の停止はできます。",
        "who": "「{title}」のメンバーは次の{count}名です。",
        "who-more": "ほか{count}名",
        "who-outside": "（名簿の外の方）",
        "status": "{address} の登録は次のとおりです。",
        "status-none": "どのリストにも入会されていません。",
        "status-each": "{title}（{list}）　1通ずつ",
        "status-digest": "{title}（{list}）　まとめ送り",
        "status-digest-plain": "{title}（{list}）　まとめ送り（本文のみ）",
        "status-notices": "{title}（{list}）　通知のみ",
        "status-none-mode": "{title}（{list}）　配信しない",
        "status-off": "{title}（{list}）　停止中（{last}）",
        "status-will-rest": "、{first}から停止（{last}）",
        "status-out": "{title}（{list}）　退会中",
        "ballot-sent": "「{key}」の回答票をお送りしました。これまでの回答票は使えなくなりますので、新しいメールにご返信ください。",
        "ballot-limit": "「{key}」の回答票は、本日すでに何度もお送りしています。届いていないときは、事務局にお尋ねください。",
        # what cannot be done
        "which-list": "どのリストのことか分かりません。「退会 security」のように、リストの名前もお書きください。",
        "no-list": "{list} というリストはありません。",
        "not-member": "「{title}」には入会されていません。",
        "is-member": "「{title}」には、すでに入会されています。",
        "join-closed": "「{title}」では、メールでの入会を受け付けておりません。事務局にお尋ねください。",
        "list-name": "{name} という名前は使えません。英小文字と数字で、32文字までの名前になさってください（間に - . _ を使えます）。",
        "list-taken": "{name} という名前は、すでに使われています。別の名前になさってください。",
        "list-exists": "{name} は、開設の前に別のどなたかが同じ名前をお使いになりました。もう一度お申し込みください。",
        "invite-members": "お誘いになれるのは、「{title}」のメンバーの方です。",
        "invite-closed": "「{title}」のメンバーは事務局が決めています。事務局にお申し出ください。",
        "invite-register": "{addresses} は名簿にないため、どなたもお誘いしておりません。事務局にお尋ねください。",
        "invite-nobody": "お誘いする方がいません。{addresses} は、すでにメンバーです。",
        "not-registered": "{address} は名簿にありません。事務局にお尋ねください。",
        "duty": "「{title}」は会員の皆様への連絡用のため、退会はできません。しばらく止めるときは「停止 7/1から7/20まで」、"
        "戻すときは「再開」とお書きください。",
        "no-who": "「{title}」のメンバーの一覧は、お見せしておりません。",
        "office-who": "「{title}」のメンバーの一覧は、事務局にお尋ねください。",
        "no-post": "「{title}」に、{numbers}番の投稿はありません。",
        "no-issue": "「{title}」に、第{number}号はありません。",
        "no-archive": "「{title}」では、過去の投稿を残しておりません。",
        "search-empty": "探す言葉がありません。「検索 標準化」のようにお書きください。",
        "posts-limit": "過去の投稿をお送りできるのは、1日に{most}通までです。明日改めてお申し込みください。",
        "which-thread": "どの話題か分かりません。その話題のメールへの返信でお送りください。",
        "same-address": "新しいアドレスが、いまのアドレスと同じです。",
        "other-person": "{new} は、ほかの方のアドレスとして登録されています。事務局にお尋ねください。",
        "no-address": "{new} は、メールアドレスとして読み取れません。",
        "address-known": "{new} は、すでにその方のアドレスとして登録されています。",
        "address-not-his": "{address} は、ご自分のアドレスとして登録されていません。「別アドレス」で一覧をお送りします。",
        "address-main": "{address} はメールのお届け先のため、外せません。お届け先を改めるには「アドレス変更 新しいアドレス」とお書きください。",
        "addresses-full": "別アドレスは、お一人{most}件までです。",
        "own-address": "{new} はこのサービス自身のアドレスのため、登録できません。",
        "not-yours": "{old} の登録を改められるのは、ご本人と同じ団体の方だけです。",
        "bad-token": "その記号は、当方がこのアドレスにお送りしたものではないか、もう使えません。",
        "office-busy": "お取り次ぎの依頼が重なっているため、いまはお取り次ぎできません。1時間ほど後に、もう一度お送りください。",
        "too-many": "確認のメールを、これ以上お送りできません（1日に3通まで）。明日改めてお送りください。",
        "stopped": "前の行を行えなかったため、行っていません。",
        "no-command": "行うことが書かれていませんでした。",
        # words of a confirmation
        "declined": "取りやめました。何も変わっておりません。",
        "spent": "このメールへのお返事は、もう済んでいます。改めるときは、もう一度お申し込みください。",
        "expired": "期限を過ぎたため、行いませんでした。もう一度お申し込みください。",
        "office-declined": "お申し込みは、見送りとなりました。",
        "moved": "登録のアドレスを {old} から {new} に改めました。",
        "moved-back": "ご連絡により、登録のアドレスを {old} に戻しました。",
        "request-join": "{who} から、「{title}」への入会の申し込みがありました。",
        "request-open": "{who} から、グループ「{title}」（{list}）を開設したいとの申し込みがありました。"
        "承認されますと、閉じたグループ（メンバーだけが投稿できるリスト）ができ、申し込んだ方が最初のメンバーになります。",
        "request-move": "{who} から、{old} の登録を {new}{name} に改める申し出がありました。新しい方の確認は済んでいます。",
        "told-move": "{by} の方のお申し込みにより、登録のアドレスが {old} から {new} に改まりました。名簿の元の表も直してください。",
        "told-move-back": "{old} の方の申し出により、{new} への変更を元に戻しました。",
    },
    "en": {
        "join": "You join {title}.",
        "leave": "You leave {title}.",
        "off": "Mail of {title} stops from {first} {last}.",
        "until": "until {last}",
        "until-on": 'until you write "on"',
        "on": "Mail of {title} comes again.",
        "each": "You get each post of {title}.",
        "digest": "You get the posts of {title} in digests {when}.",
        "digest-plain": "You get the posts of {title} in digests of plain text {when}.",
        "notices": "You only hear {when} that there are posts of {title}.",
        "when-day": "on working days",
        "when-week": "once a week",
        "digest-cut": '(cut here: "get {number}" brings it whole)',
        "digest-file": "(attached: {name})",
        "none": "You get no posts of {title}.",
        "own-on": "You get your own posts to {title}, too.",
        "own-off": "You do not get your own posts to {title}.",
        "receipts-on": "You hear when your posts to {title} have gone out.",
        "receipts-off": "You do not hear that your posts to {title} have gone out.",
        "did-receipts-on": "You hear when your posts to {title} have gone out.",
        "did-receipts-off": "You do not hear that your posts to {title} have gone out.",
        "no-receipts": "{title} tells nobody that a post has gone out.",
        "plain-on": "You get the posts of {title} as plain text, without files.",
        "plain-off": "You get the posts of {title} as they come.",
        "mute": "You get no more of that thread of {title}.",
        "follow": "You get each post of that thread of {title}.",
        "change-address": "Everything of {old} moves to {new}.",
        "hand-over": "Everything of {old} is handed over to {name} {new}.",
        "add-address": "{new} becomes a further address of {address}.",
        "drop-address": "{old} is no further address any more.",
        "asked-further": "A mail went to {new}; with a reply from there it is added.",
        "did-add-address": "{new} is a further address now: you can post and answer from it, too. Our mail goes to {address} "
        "as before.",
        "did-drop-address": "{old} is no further address any more.",
        "addresses": "Your mail goes to {address}.",
        "addresses-others": "You write from these, too: {others}",
        "addresses-none": 'You have no further address; to add one, write "add-address ADDRESS".',
        "open-group": "The group {title} ({list}) is opened.",
        "invite": "{addresses} are invited to join {title}.",
        "did-open": "The group {title} is open. Posts go to {list}.",
        "open-hint": 'To invite others, write "invite ADDRESS" to {request}.',
        "did-invite": "{addresses} were invited to {title}; with their reply they join.",
        "did-join": "You have joined {title}. Posts go to {list}.",
        "did-leave": "You have left {title}.",
        "did-off": "Mail of {title} stops from {first} {last}.",
        "did-on": "Mail of {title} comes again.",
        "roll-confirmed": "Thank you. The register is confirmed as it stands.",
        "full-stop": ".",
        "reached": "Thank you. Your reply shows that our mail reaches you.",
        "reached-again": 'Thank you. List mail is sent to you again. Write "index" to a list\'s command address to find the '
        "posts of the time between.",
        "did-each": "You get each post of {title}.",
        "did-digest": "You get the posts of {title} in digests {when}.",
        "did-digest-plain": "You get the posts of {title} in digests of plain text {when}.",
        "did-notices": "You only hear {when} that there are posts of {title}.",
        "did-none": "You get no posts of {title}.",
        "did-own-on": "You get your own posts to {title}, too.",
        "did-own-off": "You do not get your own posts to {title}.",
        "did-plain-on": "You get the posts of {title} as plain text, without files.",
        "did-plain-off": "You get the posts of {title} as they come.",
        "did-mute": "You get no more of that thread of {title}.",
        "did-follow": "You get that thread of {title} again.",
        "asked-office": "The office was asked; you will hear of it by mail.",
        "asked-moderators": "The list's moderators were asked; you will hear of it by mail.",
        "request-done": "{address} belongs to {title} already.",
        "asked-new": "A mail went to {new}; with its reply everything moves.",
        "asked-you": "A mail went to you; with your reply it is done.",
        "confirmed": "Confirmed.",
        "help": "These are the words:",
        "undo-leave": 'If that was a mistake, reply with "undo" alone, within 7 days.',
        "undone": "You are a member again.",
        "link-leave": "unsubscribe (by the link in a mail)",
        "link-off": "off (by the link in a mail)",
        "index": "The newest {count} posts of {title}:",
        "index-none": "{title} has no posts yet.",
        "found": '{count} posts hold "{words}":',
        "found-more": 'The newest {count} posts that hold "{words}":',
        "found-none": 'No post holds "{words}".',
        "how-get": 'To read one, write its number: "get {number}".',
        "sent-posts": "{count} posts of {title} ({numbers}) go to you in another mail.",
        "sent-rest": 'One mail takes {most} posts and about {size} MB; for the rest write "get {first}-{last}".',
        "guide": "About {title} ({list}):",
        "guide-closed": "Members may post.",
        "guide-open": "Whoever is registered may post.",
        "guide-announce": "It is for announcements of the office.",
        "guide-members": "It has {count} members.",
        "guide-join-closed": "It cannot be joined by mail.",
        "guide-join-ask": "The office lets new members in.",
        "guide-join-confirm": 'Whoever is registered joins with "join".',
        "guide-leave": 'You leave with "leave" whenever you like.',
        "guide-duty": "It cannot be left, but its mail can rest.",
        "who": "{title} has these {count} members:",
        "who-more": "and {count} more",
        "who-outside": "(not registered)",
        "status": "What is known of {address}:",
        "status-none": "You belong to no list.",
        "status-each": "{title} ({list}): each post",
        "status-digest": "{title} ({list}): digests",
        "status-digest-plain": "{title} ({list}): digests of plain text",
        "status-notices": "{title} ({list}): notices only",
        "status-none-mode": "{title} ({list}): nothing",
        "status-off": "{title} ({list}): off ({last})",
        "status-will-rest": " (off from {first}, {last})",
        "status-out": "{title} ({list}): left",
        "ballot-sent": "The ballot of {key} was sent to you. Please reply to the new mail; earlier ballots count no more.",
        "ballot-limit": "The ballot of {key} was sent to you several times today. If it does not arrive, please ask the office.",
        "which-list": 'It is not clear which list is meant; please write its name, as in "leave security".',
        "no-list": "There is no list {list}.",
        "not-member": "You are no member of {title}.",
        "is-member": "You are a member of {title} already.",
        "join-closed": "{title} cannot be joined by mail; please ask the office.",
        "list-name": "A list cannot be named {name}: take up to 32 letters a to z and digits, with - . _ only between them.",
        "list-taken": "The name {name} is taken; please choose another.",
        "list-exists": "Somebody else has taken the name {name} meanwhile; please ask again.",
        "invite-members": "Only members of {title} can invite others.",
        "invite-closed": "The office decides who belongs to {title}; please ask it.",
        "invite-register": "{addresses} are not registered, and nobody was invited; please ask the office.",
        "invite-nobody": "There is nobody to invite: {addresses} are members already.",
        "not-registered": "{address} is not registered; please ask the office.",
        "duty": '{title} cannot be left. Its mail can rest: "off 2026-07-01 2026-07-20", and "on".',
        "no-who": "The members of {title} are not shown.",
        "office-who": "Please ask the office about the members of {title}.",
        "no-post": "{title} has no post {numbers}.",
        "no-issue": "{title} has no issue {number}.",
        "no-archive": "{title} keeps no old posts.",
        "search-empty": 'There is no word to look for; write "search WORD".',
        "posts-limit": "At most {most} mails of old posts go to you in a day; please ask again tomorrow.",
        "which-thread": "It is not clear which thread is meant; please write it in reply to a post of it.",
        "same-address": "The new address is the present one.",
        "other-person": "{new} is registered as another person's address; please ask the office.",
        "no-address": "{new} is not a mail address such as sato@city.example.jp.",
        "address-known": "{new} is registered for that person already.",
        "address-not-his": '{address} is not registered as an address of that person; "addresses" shows them.',
        "address-main": '{address} is where that person\'s mail goes; it is changed by "chaddr NEW-ADDRESS", not dropped.',
        "addresses-full": "A person has at most {most} further addresses.",
        "own-address": "{new} is an address of this service itself.",
        "not-yours": "Only its owner and the colleagues of the same body can change {old}.",
        "bad-token": "That token is none that was sent to this address, or is spent.",
        "office-busy": "Too many requests have come within the hour; please write again in an hour.",
        "too-many": "No more mails of this kind can go to you today; please write again tomorrow.",
        "stopped": "Not done, because the line before could not be.",
        "no-command": "There was nothing to do in it.",
        "declined": "Nothing was done, and nothing has changed.",
        "spent": "This mail was answered before; please ask again if you want a change.",
        "expired": "It was too late; please ask again.",
        "office-declined": "The office declined it.",
        "moved": "The registered address was changed from {old} to {new}.",
        "moved-back": "The registered address is {old} again.",
        "request-join": "{who} asks to join {title}.",
        "request-open": "{who} asks to open the group {title} ({list}). With your word it is a closed list, and who asked is its "
        "first member.",
        "request-move": "{who} asks to change {old} to {new}{name}. The new address has confirmed it.",
        "told-move": "The registered address {old} was changed to {new} ({by}). Please change your own table, too.",
        "told-move-back": "The owner of {old} objected, and the change to {new} was taken back.",
    },
}

_STATUS: Mapping[Mode, str] = {"none": "status-none-mode"}


def list_sentence(language: Language, name: str, /, **figures: object) -> str:
    """Return a sentence with its figures."""
    return SENTENCES[language][name].format(**figures)


def status_name(mode: Mode) -> str:
    """Return the name of the sentence that says how posts come."""
    return _STATUS.get(mode, f"status-{mode}")


def will_do(language: Language, command: Command, *, title: str, address: str, today: date) -> str:
    """Return in a sentence what a command that changes something will do."""
    match command:
        case JoinList():
            name = "join"
        case LeaveList():
            name = "leave"
        case Off():
            return off_sentence(language, "off", command, title=title, today=today)
        case On():
            name = "on"
        case Deliver():
            when = when_words(language, weekly=command.weekly)
            return list_sentence(language, command.mode, title=title, when=when)
        case OwnCopies():
            name = "own-on" if command.wanted else "own-off"
        case Receipts():
            name = "receipts-on" if command.wanted else "receipts-off"
        case PlainText():
            name = "plain-on" if command.wanted else "plain-off"
        case ChooseThread():
            name = command.choice
        case OpenList():
            return list_sentence(language, "open-group", title=command.title, list=command.name)
        case Invite():
            return list_sentence(language, "invite", title=title, addresses=", ".join(command.addresses))
        case AddAddress():
            return list_sentence(language, "add-address", new=command.new, address=address)
        case DropAddress():
            return list_sentence(language, "drop-address", old=command.old)
        case ChangeAddress():
            old = command.old or address
            return list_sentence(language, "change-address", old=old, new=command.new)
        case HandOver():
            old = command.old or address
            return list_sentence(language, "hand-over", old=old, new=command.new, name=command.name)
        case _:
            raise ValueError(f"{command!r} changes nothing")
    return list_sentence(language, name, title=title)


def did_sentence(language: Language, command: Setting, *, title: str, today: date) -> str:
    """Return how a member is told that his settings on a list are changed; `today`: where the secretariat is."""
    match command:
        case Off():
            return off_sentence(language, "did-off", command, title=title, today=today)
        case On():
            return list_sentence(language, "did-on", title=title)
        case Deliver(mode):
            when = when_words(language, weekly=command.weekly)
            return list_sentence(language, f"did-{mode}", title=title, when=when)
        case OwnCopies(wanted):
            kind = "own"
        case Receipts(wanted):
            kind = "receipts"
        case PlainText(wanted):
            kind = "plain"
    return list_sentence(language, f"did-{kind}-{'on' if wanted else 'off'}", title=title)


def off_sentence(language: Language, name: str, command: Off, *, title: str, today: date) -> str:
    """Return from when until when delivery rests."""
    first = date_words(command.first or today, language)
    return list_sentence(language, name, title=title, first=first, last=until_words(language, command.last))


def when_words(language: Language, *, weekly: bool) -> str:
    """Return how often digests come."""
    return list_sentence(language, "when-week" if weekly else "when-day")


def until_words(language: Language, last: date | None) -> str:
    """Return until when delivery rests."""
    if last is None:
        return list_sentence(language, "until-on")
    return list_sentence(language, "until", last=date_words(last, language))
