"""What the register is asked: one module a subject, each a question in SQL with its answer in rows."""
