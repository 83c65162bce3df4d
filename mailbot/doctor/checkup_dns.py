"""The part of the check-up that asks the DNS: what it says of our domains, and what has to be published there."""

from __future__ import annotations

import socket
from collections.abc import Callable
from ipaddress import ip_address
from pathlib import Path

from mailbot.core.office.finding import Finding
from mailbot.core.refusal import Refusal
from mailbot.core.senders.dmarc import aligned, find_policy
from mailbot.core.senders.dns_answers import Host, NoAnswer
from mailbot.core.senders.dns_record import DnsRecord, Publication, dkim_tags
from mailbot.core.senders.spf import LOOKUPS_MAX, check_host, spf_records
from mailbot.core.transfer.relay import is_address
from mailbot.folder.config import Config
from mailbot.folder.dkim_keys import PublicKey, public_key
from mailbot.folder.secret_files import dkim_key_file
from mailbot.net.dns_client import DnsClient

_FAMILIES = {4: "ip4", 6: "ip6"}


def domain_findings(config: Config, dns: DnsClient | None) -> tuple[list[Finding], tuple[DnsRecord, ...]]:
    """Ask about every domain of ours; also returns the records to publish, with what is published of them."""
    look = _Look(config, dns)
    if dns is None:
        look.note("everything", "skipped", "the DNS was not asked (--no-dns)")
    for domain in dict.fromkeys((config.domain, config.reply_domain)):
        look.mail_hosts(domain)
        look.senders(domain)
        look.policy(domain)
    for domain in config.former_domains:
        look.mail_hosts(domain)
    look.keys()
    look.office()
    look.reverse()
    look.resolver()
    return look.found, tuple(look.records)


class _Look:
    """One look at the DNS: what was found so far, and the records so far."""

    def __init__(self, config: Config, dns: DnsClient | None) -> None:
        self.config = config
        self.dns = dns
        self.found: list[Finding] = []
        self.records: list[DnsRecord] = []
        self.relays = [relay for relay in config.relay if relay.host]
        self.remote = [relay.host for relay in self.relays if not relay.local]
        here = socket.getfqdn()
        guess = here if "." in here and not here.startswith("localhost") else f"mail.{config.domain}"
        self.mail_host = next((host for host in self.remote if not is_address(host)), guess)

    def note(self, what: str, state: str, sentence: str) -> None:
        self.found.append(Finding("dns", what, state, sentence))  # type: ignore[arg-type]

    def asked(self, what: str, ask: Callable[[DnsClient], Publication]) -> Publication:
        """Ask one thing; what the DNS leaves open is a warning, and not known."""
        if self.dns is None:
            return "unknown"
        try:
            return ask(self.dns)
        except NoAnswer as silence:
            self.note(what, "warning", f"{silence}; try again, or with --nameserver")
            return "unknown"

    # --- MX ---

    def mail_hosts(self, domain: str) -> None:
        """MX: where mail to the domain goes."""
        what = f"MX of {domain}"

        def ask(dns: DnsClient) -> Publication:
            hosts = dns.mx(domain)
            if not hosts:
                self.note(
                    what, "fault", "there is none: nobody can write to the domain; publish the record below"
                )
                return "missing"
            if hosts == ("",):
                self.note(
                    what, "fault", "the null MX (RFC 7505) says that the domain takes no mail; replace it"
                )
                return "different"
            aliases = [host for host in hosts if dns.is_alias(host)]
            nowhere = [host for host in hosts if host not in aliases and not dns.addresses(host)]
            if aliases or nowhere:
                wrong = f"{(aliases or nowhere)[0]} {'is an alias (RFC 2181 section 10.3)' if aliases else 'has no address'}"
                self.note(
                    what, "fault", f"leads to {', '.join(hosts)}, but {wrong}; name a host with an A record"
                )
                return "different"
            self.note(
                what, "ok", f"leads to {', '.join(hosts)}; see there that it hands the domain's mail to us"
            )
            self.mail_host = hosts[0] if domain == self.config.domain else self.mail_host
            return "published"

        publication = self.asked(what, ask)
        self.records.append(
            DnsRecord(
                domain, "MX", f"10 {self.mail_host}.", publication, "where mail to the domain goes: your MTA"
            )
        )

    # --- SPF ---

    def senders(self, domain: str) -> None:
        """SPF: who may send with a return path in the domain (RFC 7208)."""
        what = f"SPF of {domain}"
        value = "v=spf1 mx ~all"

        def ask(dns: DnsClient) -> Publication:
            nonlocal value
            published = spf_records(dns.txt(domain))
            value = self._spf_value(dns)
            if not published:
                self.note(
                    what, "fault", "there is none: gateways distrust our copies; publish the record below"
                )
                return "missing"
            if len(published) > 1:
                self.note(
                    what,
                    "fault",
                    f"there are {len(published)}, of which receivers believe none; leave one of them",
                )
                return "different"
            publication = self._judge_spf(dns, domain, published[0])
            value = published[0] if publication == "published" else value
            return publication

        publication = self.asked(what, ask)
        if self.dns is None:
            value = self._spf_value(None)
        self.records.append(
            DnsRecord(domain, "TXT", value, publication, "SPF: who may send with a return path in the domain")
        )

    def _spf_value(self, dns: DnsClient | None) -> str:
        """The record that lets our relays through, as far as it is known by which address they send."""
        terms: list[str] = []
        for relay in self.relays:
            if relay.local:
                # The MTA here is also the one that the MX leads to, in the set-up of the manual
                terms.append("mx")
            elif is_address(relay.host):
                terms.append(f"{_FAMILIES[ip_address(relay.host).version]}:{relay.host}")
            else:
                provider = _spf_domain(dns, relay.host)
                terms.append(f"include:{provider}" if provider else f"a:{relay.host}")
        return " ".join(("v=spf1", *dict.fromkeys(terms or ["mx"]), "~all"))

    def _judge_spf(self, dns: DnsClient, domain: str, record: str) -> Publication:
        what = f"SPF of {domain}"
        senders = self._sending_hosts(dns)
        if not senders:
            self.note(
                what,
                "ok",
                f"{record!r}; by which address the relay sends is not known here, so it was not tried",
            )
            return "published"
        for host in senders:
            verdict = check_host(host, domain, dns)
            if verdict.result == "temperror":
                raise NoAnswer(verdict.why)
            if verdict.result != "pass":
                words = f"{record!r} does not let {host} through ({verdict.result}: {verdict.why}); publish the record below"
                self.note(what, "fault", words)
                return "different"
            if verdict.why.lstrip("+").lower() == "all":
                self.note(
                    what, "fault", f"{record!r} lets the whole world send in our name; end it with ~all"
                )
                return "different"
        lookups = max(check_host(host, domain, dns).lookups for host in senders)
        addresses = ", ".join(map(str, senders))
        self.note(what, "ok", f"lets {addresses} through, with {lookups} of {LOOKUPS_MAX} look-ups")
        return "published"

    def _sending_hosts(self, dns: DnsClient) -> list[Host]:
        """The addresses by which our mail leaves, as far as they can be known."""
        hosts: list[Host] = []
        for relay in self.relays:
            if relay.local:
                names = dns.mx(self.config.domain)
                hosts += [address for name in names[:1] if name for address in dns.addresses(name)]
            elif is_address(relay.host):
                hosts.append(ip_address(relay.host))
            elif _spf_domain(dns, relay.host) is None:
                # With an SPF record it is a provider, whose servers send by other addresses than they listen on.
                hosts += dns.addresses(relay.host)
        return list(dict.fromkeys([host for host in hosts if host.is_global] or hosts))

    # --- DKIM ---

    def keys(self) -> None:
        """DKIM: the public half of each key that signs, or that waits to sign (RFC 6376)."""
        signing = self.config.dkim.keys if self.config.dkim else ()
        domain = self.config.dkim.domain if self.config.dkim else self.config.domain
        files = {key.file: key.selector for key in signing}
        lying = {
            file: file.stem for file in sorted(dkim_key_file(self.config.folder, "").parent.glob("*.key"))
        }
        for file, selector in {**lying, **files}.items():
            self._key(file, selector, domain, signs=file in files)
        if not files and not lying:
            words = "mailbot has no key; if your MTA does not sign either, `mailbot dkim make` makes one"
            self.note(f"DKIM of {domain}", "skipped", words)

    def _key(self, file: Path, selector: str, domain: str, *, signs: bool) -> None:
        what = f"DKIM {selector}._domainkey.{domain}"
        try:
            key = public_key(file)
        except Refusal as broken:
            self.note(what, "fault" if signs else "warning", str(broken))
            return
        publication = self.asked(
            what, lambda dns: self._judge_key(dns, what, domain, selector, key, signs=signs)
        )
        why = "DKIM: the key that signs" if signs else "DKIM: a key that does not sign yet; `dkim:` names it"
        self.records.append(DnsRecord(f"{selector}._domainkey.{domain}", "TXT", key.record, publication, why))

    def _judge_key(
        self, dns: DnsClient, what: str, domain: str, selector: str, key: PublicKey, *, signs: bool
    ) -> Publication:
        published = [dkim_tags(text) for text in dns.txt(f"{selector}._domainkey.{domain}")]
        if not published:
            words = "the record is missing, so no signature of ours verifies; publish the record below"
            if signs:
                self.note(what, "fault", words)
            else:
                self.note(
                    what, "ok", "not published yet; publish the record below, then name the key in `dkim:`"
                )
            return "missing"
        if len(published) > 1:
            self.note(
                what, "fault", f"there are {len(published)} records, of which receivers take any; leave one"
            )
            return "different"
        tags = published[0]
        if not tags.get("p"):
            self.note(
                what, "fault", "the record says that the key is revoked (p= is empty); publish the one below"
            )
            return "different"
        if tags["p"] != key.value or tags.get("k", "rsa") != key.type:
            self.note(what, "fault", "the record is that of another key; publish the one below")
            return "different"
        if "y" in tags.get("t", "").split(":"):
            self.note(what, "warning", "the record says t=y (testing), so receivers ignore it; take t=y out")
            return "different"
        self.note(
            what,
            "ok",
            "the published key is ours" + ("" if signs else "; name it in `dkim:` to sign with it"),
        )
        return "published"

    # --- DMARC ---

    def policy(self, domain: str) -> None:
        """DMARC: what receivers do with what fails (RFC 9989)."""
        what = f"DMARC of {domain}"
        name = domain
        action = "quarantine" if self.config.dkim is not None else "none"

        def ask(dns: DnsClient) -> Publication:
            nonlocal name, action
            try:
                policy = find_policy(domain, dns.txt)
            except ValueError as wrong:
                self.note(what, "fault", str(wrong))
                return "different"
            if policy is None:
                words = "there is none, so anybody may write in our name; publish the record below"
                self.note(what, "warning", words)
                return "missing"
            where = f"_dmarc.{policy.at} says {policy.action}"
            if policy.testing:
                where += ", t=y (testing)"
            if policy.action == "none":
                words = f"{where}: nothing is refused; publish the record below when our mail passes for some weeks"
                self.note(what, "warning", words)
                action = "quarantine"
                return "different"
            self.note(what, "ok", where)
            name, action = policy.at, policy.action
            return "published"

        publication = self.asked(what, ask)
        why = "DMARC: what receivers do with mail that is not from us"
        self.records.append(DnsRecord(f"_dmarc.{name}", "TXT", f"v=DMARC1; p={action}", publication, why))

    def office(self) -> None:
        """Whether our signature also speaks for the office's domain, in whose name all but posts leaves (RFC 9989 section 4.10.2)."""
        domain = self.config.office.rpartition("@")[2].lower()
        signer = self.config.dkim.domain if self.config.dkim else self.config.domain
        if domain == signer:
            return
        what = f"DMARC of the office's {domain}"

        def ask(dns: DnsClient) -> Publication:
            try:
                policy = find_policy(domain, dns.txt)
            except ValueError as wrong:
                self.note(what, "warning", str(wrong))
                return "different"
            strict = policy is not None and policy.tags.get("adkim") == "s"
            refused = policy is not None and policy.effective != "none"
            if aligned(signer, domain, dns.txt, strict=strict):
                self.note(what, "ok", f"a signature by {signer} speaks for it")
                return "published"
            wish = f"let your MTA sign what leaves From {domain}, or take an office address of {signer}'s organisation"
            words = f"surveys, notices and answers leave From {self.config.office}, for which a signature by {signer} does not speak"
            if policy is not None and refused:
                self.note(what, "warning", f"{words}: receivers are told to {policy.effective} them; {wish}")
            else:
                self.note(what, "ok", f"{words}, but nothing is refused for that; {wish} before that changes")
            return "different"

        self.asked(what, ask)

    # --- the resolver that senders are looked at with ---

    def resolver(self) -> None:
        """Whether the DNS server answers on which the reading of mail waits."""
        if self.dns is None or not self.config.authenticate.check:
            return
        server = self.config.authenticate.resolver
        what = f"resolver {server[0]}:{server[1]}" if server else "resolver of /etc/resolv.conf"
        try:
            DnsClient(seconds=5.0, nameserver=server).txt(f"_dmarc.{self.config.domain}")
        except NoAnswer as silence:
            words = f"{silence}: each mail waits two minutes for it, and posts are held; mend it, or see `authenticate:`"
            self.note(what, "fault", words)
        else:
            self.note(what, "ok", "answers; senders are looked at with it")

    # --- names of the relay ---

    def reverse(self) -> None:
        """Each address that mail leaves by has a name, and the name leads back to it."""
        what = "reverse names"

        def ask(dns: DnsClient) -> Publication:
            hosts = self._sending_hosts(dns)
            if not hosts:
                self.note(what, "skipped", "by which address the relay sends is not known here")
            for host in hosts:
                names = dns.names(host)
                back = [name for name in names if host in dns.addresses(name)]
                if back:
                    self.note(f"PTR of {host}", "ok", f"{back[0]}, which leads back to it")
                else:
                    wrong = f"is {names[0]}, which does not lead back to it" if names else "is missing"
                    words = f"its reverse name {wrong}; ask who gave you the address: many gateways refuse such mail"
                    self.note(f"PTR of {host}", "warning", words)
            return "unknown"

        self.asked(what, ask)


def _spf_domain(dns: DnsClient | None, host: str) -> str | None:
    """Return the nearest domain above a provider's server that publishes SPF for its customers to include."""
    labels = host.rstrip(".").split(".")
    names = [".".join(labels[start:]) for start in range(1, len(labels) - 1)]
    return next((name for name in names if dns is not None and spf_records(dns.txt(name))), None)
