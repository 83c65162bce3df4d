"""What fml knows of a list: its Perl is read and never run, whatever its charset; numbers, modes and people go on."""

from __future__ import annotations

import time

import pytest

from mailbot.core.lists.fml_settings import last_number_of, read_config_cf, read_config_ph, read_fml_addresses
from mailbot.core.lists.old_list import OldSettingsError

CONFIG_PH = r"""
# fml 4 の設定
$CFVersion    = "6.1";
$DOMAINNAME   = "old.example.jp";
$MAIL_LIST    = "Jouhou\@$DOMAINNAME";  # 投稿用
$CONTROL_ADDRESS = "jouhou-ctl\@$DOMAINNAME";
$PERMIT_POST_FROM    = "members_only";
$REJECT_POST_HANDLER = 'ignore';
$ML_FN        = "(情報担当者会議)";
$SUBJECT_TAG_TYPE = "[:]";
$INCOMING_MAIL_SIZE_LIMIT = "2M";
$NOT_USE_SPOOL = 1;
$REJECT_ADDR  = 'root|\S+\-help';
$START_HOOK = q{
    &Log("a = 1;");
};
$WELCOME = <<"EOS";
ようこそ
$MAIL_LIST
EOS
&DEFINE_FIELD_FORCED('Reply-To', $From_address);
@ACTIVE_LIST = ("$DIR/actives");
system("true");
1;
"""


@pytest.mark.parametrize("charset", ["euc-jp", "iso-2022-jp", "utf-8", "cp932"])
def test_a_list_of_fml_4(charset: str) -> None:
    """In each charset the same list; hooks and calls are left aside by their lines."""
    old = read_config_ph(CONFIG_PH.encode(charset), "", "spool", 1203)
    value = old.value
    assert (old.program, value.name, value.title) == ("fml 4", "jouhou", "情報担当者会議")
    assert (value.preset, value.subject_prefix, old.last_number) == ("closed", "[jouhou:%05d]", 1203)
    assert (value.max_size, value.archive, value.reply_to) == (2_097_152, False, "list")
    left = {one.name: one.value for one in old.aside}
    assert left["REJECT_ADDR"] == r"root|\S+\-help"
    assert left["START_HOOK"] == '\n    &Log("a = 1;");\n'
    assert left["WELCOME"] == "ようこそ\nJouhou@old.example.jp"
    assert left["Perl on line 21"] == "&DEFINE_FIELD_FORCED('Reply-To', $From_address);"
    assert left["Perl on line 22"] == '@ACTIVE_LIST = ("$DIR/actives");'
    assert left["Perl on line 23"] == 'system("true");'


def test_kanji_alone_in_euc_jp_are_not_read_as_half_width_kana() -> None:
    """A file that two charsets can read is read by the one that makes Japanese of it."""
    old = read_config_ph('$ML_FN = "(情報部会)";'.encode("euc-jp"), "", "bukai", 0)
    assert old.value.title == "情報部会"


@pytest.mark.parametrize(
    ("kind", "prefix"),
    [
        ("( )", "(bukai %05d)"),
        ("[ ]", "[bukai %05d]"),
        ("(:)", "(bukai:%05d)"),
        ("[,]", "[bukai,%05d]"),
        ("[ID]", "[%05d]"),
        ("()", "(bukai)"),
        ("", ""),
    ],
)
def test_each_kind_of_tag(kind: str, prefix: str) -> None:
    """The tag looks as it did."""
    old = read_config_ph(f'$SUBJECT_TAG_TYPE = "{kind}";'.encode(), "", "bukai", 0)
    assert old.value.subject_prefix == prefix


@pytest.mark.parametrize(
    ("permitted", "preset", "moderated"),
    [("anyone", "open", False), ("members_only", "closed", False), ("moderator", "closed", True)],
)
def test_who_could_post(permitted: str, preset: str, moderated: bool) -> None:
    """Members only is closed, anyone is open, moderator is moderated."""
    old = read_config_ph(f"$PERMIT_POST_FROM = '{permitted}';".encode(), "", "bukai", 0)
    assert (old.value.preset, old.moderated) == (preset, moderated)


CONFIG_CF = """# config.cf
ml_domain = old.example.jp
maintainer = $ml_name-admin@$ml_domain
article_post_restrictions = reject_system_special_accounts
\tpermit_member_maps
\treject
article_subject_tag = [$ml_name %d]
incoming_article_body_size_limit = 512000
use_article_spool = yes
html_archive_title = 部会の記録
=cut
$distribute_run_start_hook = q{ unlink "x"; };
"""


@pytest.mark.parametrize("charset", ["euc-jp", "utf-8"])
def test_a_list_of_fml_8(charset: str) -> None:
    """Values go on over lines that begin with a blank; Perl behind =cut is left aside."""
    old = read_config_cf(CONFIG_CF.encode(charset), "", "bukai", 77)
    value = old.value
    assert (old.program, value.name, value.preset, old.last_number) == ("fml 8", "bukai", "closed", 77)
    assert (value.subject_prefix, value.max_size, value.archive) == ("[bukai %d]", 512_000, True)
    left = {one.name: one.value for one in old.aside}
    assert left == {
        "html_archive_title": "部会の記録",
        "Perl from line 12": '$distribute_run_start_hook = q{ unlink "x"; };',
    }


def test_a_renamed_list_keeps_its_tag() -> None:
    """Who filters his mail by the tag need not change anything."""
    old = read_config_cf(b"article_subject_tag = [$ml_name:%05d]\n", "new", "bukai", 0)
    assert (old.value.name, old.value.subject_prefix) == ("new", "[bukai:%05d]")


def test_actives_and_their_options() -> None:
    """m= is a digest, s= and a # before the address rest the mail; two # are fml's notes."""
    text = """#.FML HEADER
##BYE gone@example.jp
a@example.jp
b@example.jp m=3u
c@example.jp s=skip
# d@example.jp
#e@example.jp m=1
# a remark
f@example.jp r=mx.example.jp m=0 # 福田
"""
    read = [one for _, one in read_fml_addresses(text.encode("euc-jp"), "actives", "member")]
    assert [(one.address.partition("@")[0], one.mode, one.off) for one in read] == [
        ("a", "each", False),
        ("b", "digest", False),
        ("c", "each", True),
        ("d", "each", True),
        ("e", "digest", True),
        ("f", "each", False),
    ]
    assert (read[0].place, read[-1].place, read[-1].name) == ("actives:3", "actives:9", "福田")


def test_a_number_sign_among_members_is_a_comment() -> None:
    """Only the file of recipients rests mail with it."""
    assert list(read_fml_addresses(b"# a@example.jp\n", "members", "may-post")) == []


def test_seq() -> None:
    """It holds the number of the newest post."""
    assert last_number_of(b"1203\n") == 1203
    with pytest.raises(OldSettingsError, match="no number"):
        last_number_of(b"rm -rf /\n")


@pytest.mark.parametrize(
    "text",
    [
        '$A = "' + "x" * 250_000,
        "$A = q{\n" * 32_000,
        '$A = "' * 40_000,
        "$A = <<E;\n" * 26_000,
        '$A = "$A$A";\n' * 19_000,
        '$A = "x";' + '\n$A = "$A$A$A$A";' * 30,
        "$" * 250_000,
        "\\" * 250_000,
    ],
)
def test_a_hostile_config_ph_costs_little(text: str) -> None:
    """However it is made, the largest that is read takes no time to speak of, and no value grows beyond bounds."""
    begun = time.process_time()
    old = read_config_ph(('$B = "b";\n' + text).encode(), "", "bukai", 0)
    assert time.process_time() - begun < 5
    assert all(len(str(one.value)) <= 1_000_000 for one in old.aside)


@pytest.mark.parametrize(
    "text",
    [
        "a = 1\n" + " b\n" * 80_000,
        "a += $a$a$a\n" * 20_000,
        "a = $a$a\n" * 25_000,
        "=cut\n" + "x\n" * 120_000,
    ],
)
def test_a_hostile_config_cf_costs_little(text: str) -> None:
    """The same of fml 8."""
    begun = time.process_time()
    read_config_cf(text.encode(), "", "bukai", 0)
    assert time.process_time() - begun < 5


def test_what_is_no_config_cf() -> None:
    """A line that is no setting is named."""
    with pytest.raises(OldSettingsError) as refused:
        read_config_cf(b"ml_domain = x\nsystem('true');\n", "", "bukai", 0)
    assert refused.value.line == 2
