"""The life of a group by mail alone: members with mutt, a real Postfix between them and the service.

Opened, joined, invited to, posted to, held, approved, bounced from, left for the holidays, handed over.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TypeVar

import pytest

from mailbot.folder.secret_files import write_secret_key
from tests import mutt
from tests.dialogs.conversation import environment, run, text_of
from tests.forked import Forked
from tests.net.postfix import UNAVAILABLE, lay_out
from tests.ports import free_port

Found = TypeVar("Found")

pytestmark = [
    pytest.mark.postfix,
    pytest.mark.skipif(bool(UNAVAILABLE), reason=UNAVAILABLE or "runs"),
    pytest.mark.skipif(bool(mutt.UNAVAILABLE), reason=mutt.UNAVAILABLE or "runs"),
]

OFFICE = "jimukyoku@kyogikai.example.jp"
SATO, TANAKA, SUZUKI = "sato@matsumoto.example.jp", "tanaka@ueda.example.jp", "suzuki@gone.example.jp"
NEW, STRANGER = "hanako@ueda.example.jp", "someone@elsewhere.example.jp"
DOMAINS = "kyogikai.example.jp matsumoto.example.jp ueda.example.jp elsewhere.example.jp gone.example.jp"
ANZEN, ROBOT = "anzen@ml.example.jp", "robot@ml.example.jp"
PATIENCE = 30.0  # seconds

# One Postfix is everybody's: it takes what mutt sends, brings the service its mail by LMTP, and each member his own. The
# field that it adds about the sender is what a DMARC milter would say.
_MAIN = """
mynetworks = 127.0.0.0/8
smtp_host_lookup = native
relay_domains = ml.example.jp, kaitou.example.jp
transport_maps = inline:{{{{ml.example.jp = lmtp:inet:[127.0.0.1]:{lmtp}}}, {{kaitou.example.jp = lmtp:inet:[127.0.0.1]:{lmtp}}}}}
virtual_mailbox_domains = {domains}
virtual_mailbox_base = {folder}/mail
virtual_mailbox_maps = texthash:{folder}/mailboxes
smtpd_reject_unlisted_recipient = no
virtual_uid_maps = static:65534
virtual_gid_maps = static:65534
smtpd_recipient_restrictions = permit_mynetworks, reject
smtpd_sender_restrictions = check_sender_access regexp:{folder}/vouched
maximal_backoff_time = 1s
minimal_backoff_time = 1s
queue_run_delay = 1s
default_process_limit = 20
"""
_REGISTER = f"""code,body,kind,prefecture,name,role,email,rank
202029,松本市,city,長野県,佐藤花子,情報政策課,{SATO},1
202037,上田市,city,長野県,田中次郎,情報政策課,{TANAKA},1
203211,軽井沢町,town,長野県,鈴木一郎,総務課,{SUZUKI},1
"""


@dataclass
class World:
    """Everybody's Postfix and the service, and what lies in each mailbox."""

    folder: Path  # of Postfix
    site: Path
    port: int  # where mutt hands mail in
    log: Path

    def user(self, address: str) -> mutt.Mutt:
        """Return a user's mail program."""
        return mutt.Mutt(self.folder / "users" / address, address, self.port, name="")

    def mail(self, address: str, subject: str) -> EmailMessage:
        """Wait for a mail whose Subject has these words, and take it out of the mailbox."""
        local, _, domain = address.partition("@")
        new = self.folder / "mail" / domain / local / "new"

        def look() -> EmailMessage | None:
            for path in sorted(new.glob("*")):
                mail = message_from_bytes(path.read_bytes(), policy=policy.default)
                assert isinstance(mail, EmailMessage)
                if subject in str(mail["Subject"]):
                    path.unlink()
                    return mail
            return None

        return self.until(look, f"a mail to {address} with {subject} in its Subject")

    def subjects(self, address: str) -> list[str]:
        """Return the Subjects of what lies in a mailbox."""
        local, _, domain = address.partition("@")
        mails = (self.folder / "mail" / domain / local / "new").glob("*")
        return [
            str(message_from_bytes(path.read_bytes(), policy=policy.default)["Subject"]) for path in mails
        ]

    def lose(self, address: str) -> None:
        """Forget a user: what is sent there comes back."""
        _mailboxes(self.folder, [one for one in (OFFICE, SATO, TANAKA, SUZUKI, NEW) if one != address])
        reload = ["postfix", "-c", str(self.folder / "etc"), "reload"]
        subprocess.run(reload, check=True, capture_output=True, timeout=30)

    def mailbot(self, *words: str) -> str:
        """Run a command."""
        status, output = run(words, self.site)
        assert status == 0, output
        return output

    def until(self, look: Callable[[], Found | None], what: str) -> Found:
        """Wait until something is found."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            if (found := look()) is not None:
                return found
            time.sleep(0.05)
        raise AssertionError(
            f"no {what}\n{self.log.read_text()[-3000:]}\n{(self.folder / 'log').read_text()[-2000:]}"
        )


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """A running Postfix and a running service with a register and no list."""
    smtp, lmtp = free_port(), free_port()
    site, log = tmp_path / "site", tmp_path / "service.log"
    (site / "config").mkdir(parents=True)
    (site / "data").mkdir()
    write_secret_key(site, b"k" * 32)
    (site / "config" / "mailbot.yaml").write_text(
        f"domain: ml.example.jp\nreply_domain: kaitou.example.jp\nassociation: 全国協議会\noffice: {OFFICE}\n"
        f"receive: {{lmtp: 127.0.0.1:{lmtp}}}\nrelay: smtp://127.0.0.1:{smtp}\n",
        encoding="utf-8",
    )
    (site / "members.csv").write_text(_REGISTER, encoding="utf-8")
    with ExitStack() as stack:
        # Not in pytest's folder, which other users cannot enter.
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        postfix = lay_out(folder, _MAIN.format(folder=folder, lmtp=lmtp, domains=DOMAINS), smtp)
        _vouch(folder)
        (folder / "mail").mkdir()
        (folder / "mail").chmod(0o777)
        _mailboxes(folder, (OFFICE, SATO, TANAKA, SUZUKI, NEW))
        here = World(folder, site, smtp, log)
        here.mailbot("members", "import", str(site / "members.csv"))
        here.mailbot("apply")
        subprocess.run([*postfix, "start"], check=True, capture_output=True, timeout=30)
        stack.callback(subprocess.run, [*postfix, "stop"], check=True, capture_output=True, timeout=30)
        service = Forked(["serve"], environment(site), log)
        stack.callback(service.wait, PATIENCE)
        stack.callback(service.terminate)
        here.until(lambda: (log.exists() and b"service.ready" in log.read_bytes()) or None, "running service")
        yield here


def _mailboxes(folder: Path, users: Iterable[str]) -> None:
    lines = [f"{one} {one.partition('@')[2]}/{one.partition('@')[0]}/" for one in users]
    (folder / "mailboxes").write_text("\n".join(lines) + "\n")


def _vouch(folder: Path) -> None:
    """Let Postfix say of every sender, but the stranger, what a DMARC milter would."""
    lines = [
        rf"/@{re.escape(domain)}$/ PREPEND Authentication-Results: ml.example.jp; dmarc=pass header.from={domain}"
        for domain in ("kyogikai.example.jp", "matsumoto.example.jp", "ueda.example.jp", "gone.example.jp")
    ]
    (folder / "vouched").write_text("\n".join(lines) + "\n")


def plain(mail: EmailMessage) -> str:
    """Return a mail's text without its blanks and line ends: where a long line is folded does not matter."""
    return "".join(text_of(mail).split())


def _top(line: str) -> str:
    return f"1i {line}"


def test_the_life_of_a_group(world: World) -> None:
    """Every step is a mail that somebody writes, or a reply; no command is typed where the service runs."""
    sato, tanaka, office = (world.user(one) for one in (SATO, TANAKA, OFFICE))

    # Opened: 佐藤 asks, the office approves.
    sato.write(ROBOT, "group", "グループ開設 anzen 情報安全の勉強会\n終わり\n")
    request = world.mail(OFFICE, "お申し込みのご判断")
    assert "情報安全の勉強会" in plain(request)
    office.reply(request.as_bytes(), _top("承認"))
    world.mail(SATO, "1件を承りました")
    assert ANZEN in plain(world.mail(SATO, "お知らせ"))

    # Joined: 田中 asks, 佐藤, who opened the group, approves; 鈴木 is invited.
    tanaka.write("anzen-request@ml.example.jp", "join", "入会\n")
    sato.reply(world.mail(SATO, "お申し込みのご判断").as_bytes(), _top("承認"))
    world.mail(TANAKA, "1件を承りました")
    assert "入会されました" in plain(world.mail(TANAKA, "お知らせ"))

    # Posted: both get it, numbered.
    tanaka.write(ANZEN, "点検の時期", "いつ点検していますか。\n")
    for address in (SATO, TANAKA):
        post = world.mail(address, "点検の時期")
        assert str(post["Subject"]) == "[anzen:00001] 点検の時期"
        assert post["List-Id"] == "情報安全の勉強会 <anzen.ml.example.jp>"

    # Answered by replying: it goes to the list.
    sato.reply(post.as_bytes(), _top("六月です。"))
    answer = world.mail(TANAKA, "点検の時期")
    assert str(answer["Subject"]) == "[anzen:00002] Re: 点検の時期"
    assert answer["In-Reply-To"] == post["Message-ID"]
    world.mail(SATO, "点検の時期")

    # Held: a stranger's post waits; approved: 佐藤 lets it out by replying.
    world.user(STRANGER).write(ANZEN, "講演のご案内", "講演会を開きます。\n")
    asked = world.mail(SATO, "投稿")
    assert world.subjects(TANAKA) == []
    sato.reply(asked.as_bytes(), _top("承認"))
    assert str(world.mail(TANAKA, "講演のご案内")["Subject"]) == "[anzen:00003] 講演のご案内"

    # Invited: 鈴木 joins with his own word. Bounced: his address is lost, and the mail comes back.
    sato.write("anzen-request@ml.example.jp", "invite", f"招待 {SUZUKI}\n")
    world.mail(SATO, "1件を承りました")
    world.user(SUZUKI).reply(world.mail(SUZUKI, "お誘い").as_bytes(), _top("承認"))
    world.mail(SUZUKI, "お知らせ")
    world.lose(SUZUKI)
    sato.write(ANZEN, "会場", "会場は松本です。\n")
    world.mail(TANAKA, "会場")
    world.until(
        lambda: json.loads(world.mailbot("queue", "--json"))["inbox"].get("bounced"), "bounce that was read"
    )

    # On leave: 田中 gets nothing until he is back.
    tanaka.write("anzen-request@ml.example.jp", "off", "停止\n")
    world.mail(TANAKA, "1件を承りました")
    sato.write(ANZEN, "日程", "日程は後日。\n")
    world.mail(SATO, "日程")
    tanaka.write("anzen-request@ml.example.jp", "on", "再開\n")
    world.mail(TANAKA, "1件を承りました")

    # Handed over: 花子 takes over, and gets the posts from now on.
    tanaka.write(ROBOT, "successor", f"後任 {NEW} 田中花子\n")
    hanako = world.user(NEW)
    hanako.reply(world.mail(NEW, "メールアドレスの登録").as_bytes(), _top("承認"))
    assert NEW in plain(world.mail(TANAKA, "改まりました"))
    sato.write(ANZEN, "次回", "次回は十月です。\n")
    assert "次回は十月です。" in plain(world.mail(NEW, "次回"))
    assert not [subject for subject in world.subjects(TANAKA) if "日程" in subject or "次回" in subject]
