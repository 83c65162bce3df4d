"""Identical copies that have not left stand in bundles; those that wait already stay where they are."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"

_ID = sa.BigInteger().with_variant(sa.Integer, "sqlite")


def upgrade() -> None:
    op.create_table(
        "bundle",
        sa.Column("id", _ID, primary_key=True, autoincrement=True),
        sa.Column(
            "mailing_id", _ID, sa.ForeignKey("mailing.id", name="fk_bundle_mailing_id"), nullable=False
        ),
        sa.Column("copies", sa.Integer, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("lease_owner", sa.Text),
        sa.Column("lease_until", sa.BigInteger),
        sa.Column("in_flight", sa.Boolean, nullable=False, server_default=sa.text("false")),
        sa.Column("addresses", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_bundle_mailing_id", "bundle", ["mailing_id"])
    for name, columns, state in (
        ("ix_bundle_waiting", ["due_at", "id"], "pending"),
        ("ix_bundle_leased", ["lease_owner"], "sending"),
    ):
        part = sa.text(f"state = '{state}'")
        op.create_index(name, "bundle", columns, sqlite_where=part, postgresql_where=part)


def downgrade() -> None:
    postgresql = op.get_bind().dialect.name == "postgresql"
    each = "json_array_elements_text(CAST(addresses AS json))" if postgresql else "json_each(addresses)"
    op.execute(
        f"""INSERT INTO delivery (mailing_id, address, due_at, state, lease_owner, lease_until, in_flight)
        SELECT mailing_id, one.value, due_at, state, lease_owner, lease_until, in_flight FROM bundle, {each} AS one"""  # noqa: S608
    )
    op.drop_table("bundle")
