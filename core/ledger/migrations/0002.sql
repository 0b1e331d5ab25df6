-- Stored words follow the code: what a validation found is its result, and a gate that waits for a person's decision
-- waits for a callback.

UPDATE sluice.event SET kind = 'validation-result' WHERE kind = 'verdict';

UPDATE sluice.event SET detail = jsonb_set(detail, '{verdict}', '"callback"')
  WHERE kind = 'gate' AND detail ->> 'verdict' = 'standby';
