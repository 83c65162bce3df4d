"""The register's imports, with each row as it was and as it became."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "register_import",
        sa.Column("id", _NUMBER, primary_key=True, autoincrement=True),
        sa.Column("made_at", sa.BigInteger, nullable=False),
        sa.Column("made_by", sa.Text, nullable=False),
        sa.Column("source", sa.Text, nullable=False),
        sa.Column("sha256", sa.Text, nullable=False),
        sa.Column("undoes", _NUMBER, sa.ForeignKey("register_import.id")),
    )
    op.create_table(
        "register_change",
        sa.Column("import_id", _NUMBER, sa.ForeignKey("register_import.id"), primary_key=True),
        sa.Column("number", sa.Integer, primary_key=True),
        sa.Column("contact_id", _NUMBER),
        sa.Column("old", sa.Text),
        sa.Column("new", sa.Text),
    )


def downgrade() -> None:
    op.drop_table("register_change")
    op.drop_table("register_import")
