ALTER TABLE hold_items DROP COLUMN left_at_ms;
ALTER TABLE holds DROP COLUMN gathering;
