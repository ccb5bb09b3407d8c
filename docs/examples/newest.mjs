// Keeps, per key, the record with the greatest revision. Says whether the record was taken.
export function keep(newest, key, value) {
  if (value === null) return false; // Dialpulse writes none; somebody may delete a key by hand
  const record = JSON.parse(value);
  const held = newest.get(key);
  if (held !== undefined && record.revision <= held.revision) return false; // text: 20 digits exceed a Number
  newest.set(key, record);
  return true;
}
