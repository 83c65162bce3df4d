"""A real DNS server on 127.0.0.1 for tests, over UDP and TCP: it answers from a table and says NXDOMAIN to all else."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

import dns.flags
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.rrset

from tests.ports import free_port

Zone = Mapping[tuple[str, str], Sequence[str]]  # (name, type) -> values, as a zone file has them

_NOTICES_SECONDS = 0.01  # that it is to end
_UDP_MOST = 512  # octets, RFC 1035 section 4.2.1


@contextmanager
def dns_server(zone: Zone, *, silent: bool = False) -> Iterator[tuple[str, int]]:
    """Run the server; yields where it listens. A `silent` one gets the questions and answers none."""

    def answer(wire: bytes) -> dns.message.Message:
        question = dns.message.from_wire(wire)
        reply = dns.message.make_response(question)
        asked = question.question[0]
        name, kind = asked.name.to_text(omit_final_dot=True).lower(), dns.rdatatype.to_text(asked.rdtype)
        values = zone.get((name, kind)) or zone.get((name, "CNAME"))
        if values:
            found = kind if (name, kind) in zone else "CNAME"
            reply.answer.append(dns.rrset.from_text_list(asked.name, 60, "IN", found, list(values)))
        elif not any(known == name for known, _ in zone):
            reply.set_rcode(dns.rcode.NXDOMAIN)
        return reply

    class Datagram(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            wire, endpoint = self.request
            if silent:
                return
            reply = answer(wire)
            if len(reply.to_wire()) > _UDP_MOST:
                reply = dns.message.make_response(dns.message.from_wire(wire))
                reply.flags |= dns.flags.TC
            endpoint.sendto(reply.to_wire(), self.client_address)

    class Stream(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            wire = self.rfile.read(int.from_bytes(self.rfile.read(2), "big"))
            reply = answer(wire).to_wire(max_size=65_535)
            self.wfile.write(len(reply).to_bytes(2, "big") + reply)

    port = free_port()
    with (
        socketserver.ThreadingUDPServer(("127.0.0.1", port), Datagram) as udp,
        socketserver.ThreadingTCPServer(("127.0.0.1", port), Stream) as tcp,
    ):
        for server in (udp, tcp):
            threading.Thread(target=server.serve_forever, args=(_NOTICES_SECONDS,), daemon=True).start()
        yield "127.0.0.1", port
        udp.shutdown()
        tcp.shutdown()
