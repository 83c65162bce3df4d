"""The configuration: what each option means, what is refused, and that the example file says the truth."""

from __future__ import annotations

import re
from datetime import date, time, timedelta
from ipaddress import ip_network
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from mailbot.core.members.trouble import LIMITS, Limits
from mailbot.core.mistake import Mistakes
from mailbot.core.transfer.pace import Pace
from mailbot.core.transfer.relay import Relay
from mailbot.folder.config import (
    Authenticate,
    Config,
    Dkim,
    DkimKey,
    ImapSource,
    find_config,
    load_config,
    read_config,
)
from mailbot.folder.config_file import (
    AuthenticateFile,
    BouncesFile,
    ConfigFile,
    DkimFile,
    ImapFile,
    ReceiveFile,
)
from mailbot.folder.holidays import is_holiday
from mailbot.folder.new_folder import make_folder
from mailbot.folder.secret_files import dkim_key_file, secret_key, write_secret_key
from mailbot.folder.yaml_source import FileModel
from mailbot.resources import example_config_folder, templates_folder

KEY = bytes(range(32))
REQUIRED = "domain: ml.example.jp\noffice: jimukyoku@example.jp\n"


def written(tmp_path: Path, text: str, mode: int = 0o600) -> Path:
    path = tmp_path / "config" / "mailbot.yaml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def loaded(tmp_path: Path, more: str = "") -> Config:
    return load_config(written(tmp_path, REQUIRED + more), {"IMAP_PW": "secret"})


def mistakes(tmp_path: Path, more: str, mode: int = 0o600) -> list[str]:
    found = read_config(written(tmp_path, REQUIRED + more, mode), {})[2]
    return [f"{mistake.key}: {mistake.sentence}" for mistake in found]


def test_two_keys_are_enough(tmp_path: Path) -> None:
    """Everything but the domain and the office has a default that runs without further programs."""
    assert loaded(tmp_path) == Config(
        folder=tmp_path,
        file=tmp_path / "config" / "mailbot.yaml",
        domain="ml.example.jp",
        reply_domain="ml.example.jp",
        former_domains=(),
        association="",
        office="jimukyoku@example.jp",
        witnesses=(),
        digest_at=time(17),
        plan_at=time(8, 30),
        daily_at=None,
        desk=(),
        timezone=ZoneInfo("Asia/Tokyo"),
        language="ja",
        authserv_id="ml.example.jp",
        database=f"sqlite:///{tmp_path}/data/mailbot.db",
        smtp=None,
        lmtp=None,
        imap=(),
        max_size=26_214_400,
        spam_score=None,
        relay=(Relay("maildir", path=tmp_path / "data" / "outgoing"),),
        relay_connections=20,
        pace=Pace(),
        dkim=None,
        authenticate=Authenticate(False, (ip_network("127.0.0.0/8"), ip_network("::1")), None, ()),
        bounces=LIMITS,
        web=None,
        web_url="",
        calendar=is_holiday,
    )


@pytest.mark.parametrize(
    ("written_url", "url"),
    [
        ("sqlite:/var/lib/mailbot/x.db", "sqlite:////var/lib/mailbot/x.db"),
        ("sqlite:///var/lib/mailbot/x.db", "sqlite:////var/lib/mailbot/x.db"),
        ("postgresql://mailbot@db/mailbot", "postgresql+psycopg://mailbot@db/mailbot"),
        ("postgresql+psycopg://db:5433/mailbot", "postgresql+psycopg://db:5433/mailbot"),
        ("postgresql:///mailbot?host=/run/postgresql", "postgresql+psycopg:///mailbot?host=/run/postgresql"),
    ],
)
def test_database_forms(tmp_path: Path, written_url: str, url: str) -> None:
    """One line chooses the database; the program gets SQLAlchemy's form of it."""
    assert loaded(tmp_path, f"database: {written_url}\n").database == url


def test_listeners_and_relays(tmp_path: Path) -> None:
    """Listeners are host and port, IPv6 in brackets; relays are tried in their order."""
    config = loaded(
        tmp_path,
        "receive: {smtp: 127.0.0.1:8025, lmtp: '[::1]:8024'}\nweb: localhost:0\n"
        "relay: [smtp://127.0.0.1:2525, maildir:data/out]\n",
    )
    assert (config.smtp, config.lmtp, config.web) == (("127.0.0.1", 8025), ("::1", 8024), ("localhost", 0))
    assert [relay.scheme for relay in config.relay] == ["smtp", "maildir"]


@pytest.mark.parametrize(
    "url",
    ["http://ml.example.jp", "https://", "https://u:p@x", "https://x/?a", "https://x y", "https://x/<", "x"],
)
def test_the_public_address_is_https(tmp_path: Path, url: str) -> None:
    """What stands in List-Unsubscribe is https (RFC 8058) and closes no angle bracket."""
    assert mistakes(tmp_path, f"web_url: '{url}'\n") == [
        f"web_url: '{url}' is not an https address such as https://ml.example.jp (RFC 8058 wants TLS)"
    ]
    assert loaded(tmp_path, "web_url: https://ml.example.jp/\n").web_url == "https://ml.example.jp"


def test_imap_accounts(tmp_path: Path) -> None:
    """An account's password comes from a file, the environment or a private configuration, and is never shown."""
    (tmp_path / "pw").write_text("from file\n", encoding="utf-8")
    (tmp_path / "pw").chmod(0o600)
    config = loaded(
        tmp_path,
        "receive:\n  imap:\n"
        "    - {host: imap.example.jp, user: a, password_file: pw}\n"
        "    - {host: localhost, user: b, tls: false, password_env: IMAP_PW, address: kaigi@ml.example.jp}\n"
        "    - {host: imap.example.jp, user: c, port: 9993, folder: ML, password: plain}\n"
        "    - {host: imap.example.jp, user: d, port: 143, password: plain}\n"
        "    - {host: imap.example.jp, user: e, tls: starttls, password: plain}\n",
    )
    assert config.imap == (
        ImapSource("imap.example.jp", 993, True, "a", "from file", "INBOX", ""),
        ImapSource("localhost", 143, False, "b", "secret", "INBOX", "kaigi@ml.example.jp"),
        ImapSource("imap.example.jp", 9993, True, "c", "plain", "ML", ""),
        ImapSource("imap.example.jp", 143, "starttls", "d", "plain", "INBOX", ""),
        ImapSource("imap.example.jp", 143, "starttls", "e", "plain", "INBOX", ""),
    )
    assert "secret" not in repr(config)
    assert "plain" not in repr(config)
    entry = "receive: {{imap: [{{host: imap.example.jp, user: a, password: x, tls: {}}}]}}\n"
    assert [mistakes(tmp_path, entry.format(tls), 0o600) for tls in ("yes", "starttls", "startls")] == [
        [],
        [],
        ["receive.imap.1.tls: must be true, starttls or false, not 'startls'"],
    ]


@pytest.mark.parametrize(
    ("more", "key"),
    [
        ("receive: {imap: [{host: h, user: u, password: geheim}]}\n", "receive.imap.1.password"),
        ("database: postgresql://u:geheim@db/mailbot\n", "database"),
    ],
)
def test_a_password_everybody_may_read_is_refused(tmp_path: Path, more: str, key: str) -> None:
    """A password in a YAML file that everybody may read is refused, without being repeated (promises.md I31)."""
    assert mistakes(tmp_path, more, 0o640) == []
    (line,) = mistakes(tmp_path, more, 0o644)
    assert line.startswith(f"{key}: a password stands in a file that everybody on this machine may read")
    assert "geheim" not in line


def test_a_password_file_everybody_may_read_is_refused(tmp_path: Path) -> None:
    """A password file needs to be private as well, and to be there; both sentences name it."""
    (tmp_path / "pw").write_text("x", encoding="utf-8")
    (tmp_path / "pw").chmod(0o644)
    more = "receive: {{imap: [{{host: h, user: u, password_file: {}}}]}}\n"
    (line,) = mistakes(tmp_path, more.format("pw"))
    assert line == (
        f"receive.imap.1.password_file: everybody on this machine may read {tmp_path}/pw; "
        f"run `chmod 600 {tmp_path}/pw`"
    )
    (line,) = mistakes(tmp_path, more.format("none"))
    assert line.endswith(f"{tmp_path}/none cannot be read: No such file or directory")


def test_a_relay_password_comes_from_its_file(tmp_path: Path) -> None:
    """The relay's password is read from the file that its URL names."""
    (tmp_path / "pw").write_text("geheim\n", encoding="utf-8")
    (tmp_path / "pw").chmod(0o600)
    (relay,) = loaded(tmp_path, "relay: smtps://u@mail.example.jp?password_file=pw\n").relay
    assert relay.password == "geheim"
    (line,) = mistakes(tmp_path, "relay: smtps://u@mail.example.jp?password_file=none\n")
    assert line.startswith("relay")


def test_find_config() -> None:
    """The option comes before MAILBOT_CONFIG, which comes before config/mailbot.yaml below the current folder."""
    cwd, environ = Path("/srv/ml"), {"MAILBOT_CONFIG": "/etc/m.yaml"}
    assert find_config("other/m.yaml", environ, cwd) == Path("/srv/ml/other/m.yaml")
    assert find_config(None, environ, cwd) == Path("/etc/m.yaml")
    assert find_config(None, {}, cwd) == Path("/srv/ml/config/mailbot.yaml")


def test_load_config_raises_all_mistakes(tmp_path: Path) -> None:
    """A wrong configuration is refused whole, with each mistake on its own line."""
    with pytest.raises(Mistakes) as broken:
        load_config(written(tmp_path, "domain: a b\nlangage: ja\n"))
    assert str(broken.value).count("\n") == 2


# -- the secret key ------------------------------------------------------------------------------------------------


def test_init_makes_a_folder_that_loads(tmp_path: Path) -> None:
    """`init` makes the examples, a private data folder and the key, and the configuration loads as it is."""
    target = tmp_path / "new" / "ml"
    made = make_folder(target, KEY)
    assert [str(path.relative_to(target)) for path in made] == [
        "config/bulletins/m27-01.md",
        "config/events/n26-07.yaml",
        "config/lists/kaigi.yaml",
        "config/lists/news.yaml",
        "config/lists/security.yaml",
        "config/mailbot.yaml",
        "config/meetings/b27-01.yaml",
        "config/surveys/k27-01.yaml",
        "config/surveys/s26-014.yaml",
        "data/secret.key",
    ]
    assert (target / "data").stat().st_mode & 0o777 == 0o700
    assert (target / "data" / "secret.key").stat().st_mode & 0o777 == 0o600
    assert secret_key(target) == KEY
    assert [path.name for path in target.parent.iterdir()] == ["ml"]


def test_init_refuses_what_exists(tmp_path: Path) -> None:
    """A path that exists already is left as it is."""
    with pytest.raises(ValueError, match="exists already"):
        make_folder(tmp_path, KEY)
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(ValueError, match="cannot be made"):
        make_folder(tmp_path / "file" / "ml", KEY)


@pytest.mark.parametrize(
    ("content", "mode", "sentence"),
    [
        (None, 0, "there is no secret key; `mailbot init` makes one; "),
        ("not a key", 0o600, "this is not a key; "),
        ("鍵", 0o600, "this is not a key; "),
        ("00ff", 0o600, "the key has 2 bytes and needs 32; "),
        (KEY.hex(), 0o644, "everybody on this machine may read the key; run `chmod 600 "),
    ],
)
def test_a_bad_secret_key_is_refused(tmp_path: Path, content: str | None, mode: int, sentence: str) -> None:
    """Without a proper, private key nothing starts, and the sentence says how to get one."""
    (tmp_path / "data").mkdir()
    if content is not None:
        (tmp_path / "data" / "secret.key").write_text(content, encoding="utf-8")
        (tmp_path / "data" / "secret.key").chmod(mode)
    with pytest.raises(Mistakes) as broken:
        secret_key(tmp_path)
    assert str(broken.value).startswith(f"data/secret.key:1:1 file: {sentence}")


def test_a_key_is_never_overwritten(tmp_path: Path) -> None:
    """Every address ever sent depends on the key."""
    (tmp_path / "data").mkdir()
    write_secret_key(tmp_path, KEY)
    with pytest.raises(FileExistsError):
        write_secret_key(tmp_path, KEY)


def test_signing_needs_a_selector_and_its_key(tmp_path: Path) -> None:
    """The key of a selector lies in data/dkim/ unless it is named; a missing or a readable one is a mistake."""
    key = tmp_path / "data" / "dkim" / "2026a.key"
    (line,) = mistakes(tmp_path, "dkim: {selector: 2026A}\n")
    assert (
        line
        == f"dkim.selector: {key} cannot be read: No such file or directory; `mailbot dkim make` makes a key"
    )
    key.parent.mkdir(parents=True)
    key.write_text("x", encoding="utf-8")
    key.chmod(0o644)
    (line,) = mistakes(tmp_path, "dkim: {selector: 2026a}\n")
    assert line == f"dkim.selector: everybody on this machine may read {key}; run `chmod 600 {key}`"
    key.chmod(0o600)
    assert loaded(tmp_path, "dkim: {selector: 2026a}\n").dkim == Dkim(
        "ml.example.jp", (DkimKey("2026a", key),)
    )
    more = (
        "dkim: {domain: example.jp, selector: 2026a, ed25519: {selector: e, key_file: data/dkim/2026a.key}}\n"
    )
    assert loaded(tmp_path, more).dkim == Dkim("example.jp", (DkimKey("2026a", key), DkimKey("e", key)))
    assert mistakes(tmp_path, "dkim: {selector: a/b}\n") == [
        "dkim.selector: 'a/b' is not a selector such as 2026a: letters, digits and hyphens"
    ]


def test_one_click_needs_a_signature_of_each_copy(tmp_path: Path) -> None:
    """RFC 8058 wants List-Unsubscribe covered; one signature for all copies cannot, the ed25519 beside it can."""
    key = tmp_path / "data" / "dkim" / "2026a.key"
    key.parent.mkdir(parents=True)
    key.write_text("x", encoding="utf-8")
    key.chmod(0o600)
    once = "dkim: {selector: 2026a, sign: mailings%s}\n"
    found = loaded(tmp_path, once % "").dkim
    assert found is not None
    assert not found.each
    pages = "web_url: https://ml.example.jp\n"
    (line,) = mistakes(tmp_path, once % "" + pages)
    assert line.startswith("dkim.sign: one click (web_url) needs a signature of each copy's own")
    second = ", ed25519: {selector: 2026a}"
    assert loaded(tmp_path, once % second + pages).dkim is not None


def test_bounces(tmp_path: Path) -> None:
    """When an address is asked, how fast its bounces fade, and how long a probe is waited for."""
    text = "bounces: {probe_at: 3.5, half_life_days: 30, probe_days: 3}\n"
    assert loaded(tmp_path, text).bounces == Limits(3.5, timedelta(days=30), timedelta(days=3))
    (line,) = mistakes(tmp_path, "bounces: {probe_at: 0}\n")
    assert line.startswith("bounces.probe_at: ")


def test_former_domains(tmp_path: Path) -> None:
    """One or several, in lower case; one that is in use is no former one."""
    assert loaded(tmp_path, "former_domains: Old.example.jp\n").former_domains == ("old.example.jp",)
    config = loaded(tmp_path, "former_domains: [a.example.jp, b.example.jp]\n")
    assert config.former_domains == ("a.example.jp", "b.example.jp")
    assert mistakes(tmp_path, "former_domains: [a.example.jp, ML.example.jp]\n") == [
        "former_domains.2: ml.example.jp is in use as domain; take it out here"
    ]
    assert mistakes(tmp_path, "reply_domain: r.example.jp\nformer_domains: r.example.jp\n") == [
        "former_domains.1: r.example.jp is in use as reply_domain; take it out here"
    ]


# -- the example file ----------------------------------------------------------------------------------------------

_PROSE_DEFAULTS = {
    "holidays": "the table of this version",
    "closed": "none",
    "spam_score": "none",
    "pace": "as fast as the relay listens",
    "desk": "office alone",
    "witnesses": "none",
    "reply_domain": "the value of domain",
    "former_domains": "none",
    "authserv_id": "the value of domain",
    "smtp": "off",
    "lmtp": "off",
    "web": "off",
    "web_url": "none",
    "imap": "none",
    "tls": "true, or starttls at port 143",
    "port": "993, or 143 with starttls or without tls",
    "password": "none",
    "password_file": "none",
    "password_env": "none",
    "address": "none",
    "association": "none",
    "dkim": "off",
    "mta": '[127.0.0.0/8, "::1"]',
    "resolver": "those of /etc/resolv.conf",
    "sealers": "none",
    "key_file": "data/dkim/SELECTOR.key",
    "ed25519": "none",
}


def test_where_complaints_go_is_covered_by_the_signature(tmp_path: Path) -> None:
    """The field is believed only with a signature of its own domain, or one above it (RFC 9477)."""
    key = tmp_path / "data" / "dkim" / "2026a.key"
    key.parent.mkdir(parents=True)
    key.touch(mode=0o600)
    for own in ("", "domain: example.jp, "):
        dkim = loaded(tmp_path, f"dkim: {{{own}selector: 2026a, complaints: true}}\n").dkim
        assert dkim is not None
        assert dkim.complaints
    (line,) = mistakes(tmp_path, "dkim: {domain: l.example.jp, selector: 2026a, complaints: true}\n")
    assert line.startswith(
        "dkim.complaints: providers believe it only where the signing domain is ml.example.jp"
    )


def test_who_looks_at_senders(tmp_path: Path) -> None:
    """`authenticate: check` is short for `by: check`; hosts of our own are networks, and a seal needs that we look."""
    assert not loaded(tmp_path).authenticate.check
    assert loaded(tmp_path, "authenticate: check\n").authenticate.check
    own = loaded(
        tmp_path, 'authenticate: {by: check, mta: ["2001:db8::5", 192.0.2.0/24], resolver: 127.0.0.1:53}\n'
    )
    assert own.authenticate.mta == (ip_network("2001:db8::5"), ip_network("192.0.2.0/24"))
    assert own.authenticate.resolver == ("127.0.0.1", 53)
    (line,) = mistakes(tmp_path, "authenticate: often\n")
    assert line.startswith("authenticate")
    (line,) = mistakes(tmp_path, "authenticate: {by: check, mta: mx.example.jp}\n")
    assert line == "authenticate.mta: 'mx.example.jp' is no network such as 127.0.0.0/8 or 2001:db8::5"
    key = tmp_path / "data" / "dkim" / "2026a.key"
    key.parent.mkdir(parents=True)
    key.touch(mode=0o600)
    assert loaded(tmp_path, "authenticate: check\ndkim: {selector: 2026a, arc: true}\n").dkim is not None
    (line,) = mistakes(tmp_path, "dkim: {selector: 2026a, arc: true}\n")
    assert line.startswith("dkim.arc: a seal says what we found out about a mail")


def test_the_pace_of_what_leaves(tmp_path: Path) -> None:
    """So many copies a minute, in all and to single domains; what is no such number is a mistake with its place."""
    assert loaded(tmp_path, "pace: {all: 600, domains: {Gmail.com: 60}}\n").pace == Pace(
        600, {"gmail.com": 60}
    )
    (line,) = mistakes(tmp_path, "pace: {domains: {gmail.com: 0}}\n")
    assert line.startswith("pace.domains.gmail.com: ")


def stated_defaults() -> dict[str, str]:
    """Return what config/mailbot.yaml says of each key's default, in its comments."""
    stated: dict[str, str] = {}
    default = ""
    for line in (example_config_folder() / "mailbot.yaml").read_text(encoding="utf-8").split("\n"):
        text = line.strip("# -")
        if text.startswith("Default: "):
            default = text.removeprefix("Default: ")
        elif text == "Required.":
            default = "required"
        elif (key := re.match(r"#? *#? *([a-z0-9_]+):(?: |$)", line)) and default:
            stated[key[1]] = default
            default = ""
    return stated


@pytest.mark.parametrize(
    "model", [ConfigFile, ReceiveFile, ImapFile, DkimFile, BouncesFile, AuthenticateFile]
)
def test_the_example_states_every_option_with_its_true_default(model: type[FileModel]) -> None:
    """config/mailbot.yaml names every option, and the default in its comment is the program's."""
    stated = stated_defaults()
    for name, field in model.model_fields.items():
        if name in {"receive", "bounces", "authenticate"}:
            continue
        if name in {"domain", "office", "host", "user", "selector"}:
            assert stated[name] == "required"
        elif name in _PROSE_DEFAULTS:
            assert stated[name] == _PROSE_DEFAULTS[name]
            assert name == "mta" or field.default in {None, (), ""}
        else:
            default = field.default[0] if name == "relay" else field.default
            shown = f"{default:g}" if isinstance(default, float) else str(default)
            assert stated[name] == (shown.lower() if isinstance(default, bool) else shown)


def test_the_example_holds_nothing_else() -> None:
    """Every key that the example explains exists."""
    names = {
        *ConfigFile.model_fields,
        *ReceiveFile.model_fields,
        *ImapFile.model_fields,
        *DkimFile.model_fields,
        *BouncesFile.model_fields,
        *AuthenticateFile.model_fields,
    }
    assert set(stated_defaults()) <= names


def test_the_commented_options_are_sound(tmp_path: Path) -> None:
    """The options that stand commented out in the example are right when a person takes the marks away."""
    text = (example_config_folder() / "mailbot.yaml").read_text(encoding="utf-8")
    text = re.sub(r"(?m)^( *)#( *(?:-|imap:|dkim:|authenticate:|[a-z0-9_]+: .*))$", r"\1\2", text)
    text = re.sub(r"(?m)^ *(?:password(?:_file)?|holidays): .*\n", "", text)
    for name in ("2026a", "2026e"):
        key = dkim_key_file(tmp_path, name)
        key.parent.mkdir(parents=True, exist_ok=True)
        key.touch(mode=0o600)
    config = load_config(written(tmp_path, text), {"MAILBOT_IMAP_PASSWORD": "x"})
    assert config.imap[0].address == "kaigi@ml.example.jp"
    assert config.dkim is not None
    assert [key.selector for key in config.dkim.keys] == ["2026a", "2026e"]
    assert config.dkim.arc
    assert config.authenticate.sealers == ("lists.partner.example.jp",)


def test_resources_are_found() -> None:
    """Templates and examples are found in a checkout as in a wheel."""
    assert templates_folder().is_dir()
    assert (example_config_folder() / "mailbot.yaml").is_file()


def test_the_calendar_is_the_office_s_own(tmp_path: Path) -> None:
    """Closing days, hours and the weeks without reminders are options; what is no day is refused with its place."""
    more = "closed: [08-13 to 08-15, 2027-02-12]\nhours: 08:30-17:15\nquiet: true\nno_reminders: off\n"
    calendar = loaded(tmp_path, more).calendar
    closed = [date(2026, 8, 13), date(2030, 8, 15), date(2027, 2, 12)]
    assert [calendar(day) for day in (*closed, date(2028, 2, 14), date(2026, 8, 17))] == [True] * 3 + [
        False
    ] * 2
    assert (calendar.hours, calendar.quiet, calendar.no_reminders) == (
        (time(8, 30), time(17, 15)),
        True,
        None,
    )
    assert mistakes(tmp_path, "closed: [02-30]\nhours: 17-8\nno_reminders: 2027-03-25 to 04-10\n") == [
        "closed.1: '02-30' does not exist in the calendar",
        "hours: '17' is not a time of day; write HH:MM, such as 17:00",
        "no_reminders: '2027-03-25 to 04-10': write the year at both ends, or at neither",
    ]


def test_a_newer_table_of_the_cabinet_office_is_taken_as_it_is(tmp_path: Path) -> None:
    """Its CP932 file stands for the years that it has, and moves the date until which holidays are known."""
    path = tmp_path / "config" / "syukujitsu.csv"
    written(tmp_path, "")
    table = "国民の祝日・休日月日,国民の祝日・休日名称\r\n2028/1/1,元日\r\n2028/1/12,成人の日\r\n"
    path.write_bytes(table.encode("cp932"))
    calendar = loaded(tmp_path, "holidays: config/syukujitsu.csv\n").calendar
    assert calendar.confirmed_until == date(2028, 12, 31)
    assert [calendar(date(2028, 1, day)) for day in (10, 12)] == [False, True]
    assert calendar(date(2027, 1, 11))
    path.write_text("nothing", encoding="utf-8")
    (sentence,) = mistakes(tmp_path, "holidays: config/syukujitsu.csv\n")
    assert "names no holiday" in sentence
    assert "cannot be read" in mistakes(tmp_path, "holidays: config/none.csv\n")[0]
