"""What made a row dearer to write than to read: schedules taken apart as jsonb, and an index of four columns."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    # Read and written whole, never looked into but by verify.
    op.execute("ALTER TABLE commitments ALTER schedule DROP DEFAULT, ALTER schedule TYPE json USING schedule::json")
    op.execute("ALTER TABLE commitments ALTER schedule SET DEFAULT '[]'")
    # What moved lately is found by when it was recorded, which only rises; what an authority ever posted by
    # (authority, about). No question needs more than one of the two.
    op.execute("DROP INDEX IF EXISTS postings_line")
    # Of a child's commitments only appeals are looked for in every batch, and few children have one.
    op.execute(
        "CREATE INDEX IF NOT EXISTS commitments_appeal ON commitments (authority, child_ref) WHERE kind = 'appeal'"
    )
    op.execute("CREATE INDEX IF NOT EXISTS postings_recorded ON postings (recorded_at)")
