// Results of the JSON protocol -> results as the native engine gives them to GraphQL callers.

/**
 * Changes the result in place: on a page of a few hundred rows, copying them cost a sixth of the whole query.
 *
 * @param {unknown} value a result, or a part of one; not to be used any more
 * @param {import('./query.mjs').Renaming | null} renaming
 * @returns {unknown} without type tags: a date, a Decimal, a BigInt, bytes (base64) and Json are strings
 */
export function plainResult(value, renaming) {
  if (value === null || typeof value !== 'object') return value;
  if (Array.isArray(value)) {
    for (let index = 0; index < value.length; index += 1) value[index] = plainResult(value[index], renaming);
    return value;
  }
  if ('$type' in value) return value.value;
  if (renaming) return renamed(value, renaming);
  for (const name in value) value[name] = plainResult(value[name], null);
  return value;
}

function renamed(object, renaming) {
  return Object.fromEntries([...renaming].map(([name, { from, inner }]) => [name, plainResult(object[from], inner)]));
}

const LIST = '-array';

/**
 * @param {{ columns: string[], types: string[], rows: unknown[][] }} result of a raw query
 * @returns {Record<string, { prisma__type: string, prisma__value: unknown }>[]}
 */
export function rawResult({ columns, types, rows }) {
  return rows.map((row) =>
    Object.fromEntries(columns.map((name, index) => [name, rawValue(types[index], row[index])])),
  );
}

function rawValue(type, value) {
  if (value === null) return { prisma__type: 'null', prisma__value: null };
  if (!type.endsWith(LIST)) return { prisma__type: type, prisma__value: value };
  const itemType = type.slice(0, -LIST.length);
  return { prisma__type: 'array', prisma__value: value.map((item) => rawValue(itemType, item)) };
}
