"""Runs have numbers, remember what a person changed, and are found by state and time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

# SQLite numbers rows itself only for a column that is exactly INTEGER PRIMARY KEY.
_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_KEPT = "job, local, due_at, state, settled_at, note"


def upgrade() -> None:
    op.execute(f"CREATE TABLE occurrence_kept AS SELECT {_KEPT} FROM occurrence")  # noqa: S608
    op.drop_table("occurrence")
    op.create_table(
        "occurrence",
        sa.Column("number", _NUMBER, primary_key=True, autoincrement=True),
        *_columns(),
        sa.Column("planned_at", sa.BigInteger),
        sa.Column("late_since", sa.BigInteger),
        sa.UniqueConstraint("job", "local", name="uq_occurrence_job_local"),
    )
    op.create_index("ix_occurrence_state_due_at", "occurrence", ["state", "due_at"])
    op.execute(
        f"INSERT INTO occurrence ({_KEPT}) SELECT {_KEPT} FROM occurrence_kept ORDER BY due_at, job"  # noqa: S608
    )
    op.drop_table("occurrence_kept")


def downgrade() -> None:
    op.execute("UPDATE occurrence SET state = 'waiting' WHERE state = 'asked'")
    op.execute(f"CREATE TABLE occurrence_kept AS SELECT {_KEPT} FROM occurrence")  # noqa: S608
    op.drop_table("occurrence")
    op.create_table("occurrence", *_columns(), sa.PrimaryKeyConstraint("job", "local", name="pk_occurrence"))
    op.create_index("ix_occurrence_due_at", "occurrence", ["due_at"])
    op.execute(f"INSERT INTO occurrence ({_KEPT}) SELECT {_KEPT} FROM occurrence_kept")  # noqa: S608
    op.drop_table("occurrence_kept")


def _columns() -> tuple[sa.Column[object], ...]:
    return (
        sa.Column("job", sa.Text, nullable=False),
        sa.Column("local", sa.Text, nullable=False),
        sa.Column("due_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("settled_at", sa.BigInteger),
        sa.Column("note", sa.Text, nullable=False, server_default=""),
    )
