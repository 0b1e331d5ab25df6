-- Stored words follow the code: what a validation found is its result; a gate's evaluation, and each of its readings,
-- has a status (pass, wait, ask, fail); a person's decision has an answer.

UPDATE sluice.event SET kind = 'validation-result' WHERE kind = 'verdict';

UPDATE sluice.event SET detail = (detail - 'verdict' - 'passedSeconds' - 'holdSeconds' - 'heldSeconds')
  || jsonb_strip_nulls(jsonb_build_object(
    'status', CASE detail ->> 'verdict' WHEN 'hold' THEN 'wait' WHEN 'standby' THEN 'ask' ELSE detail ->> 'verdict' END,
    'stableSeconds', detail -> 'passedSeconds', 'stableForSeconds', detail -> 'holdSeconds',
    'waitedSeconds', detail -> 'heldSeconds',
    'readings', (SELECT coalesce(jsonb_agg((reading - 'verdict') || jsonb_build_object('status',
      CASE reading ->> 'verdict' WHEN 'hold' THEN 'wait' ELSE reading ->> 'verdict' END) ORDER BY n), '[]')
      FROM jsonb_array_elements(detail -> 'readings') WITH ORDINALITY AS r (reading, n))))
  WHERE kind = 'gate' AND detail ->> 'verdict' IS NOT NULL;

UPDATE sluice.event SET detail = (detail - 'verdict') || jsonb_build_object('answer', detail -> 'verdict')
  WHERE kind = 'decision' AND detail ->> 'verdict' IS NOT NULL;
