/**
 * Rows as an Apache Parquet file, with nested columns: lists and structs as Arrow and pandas read them (three-level lists).
 */
import { parquetWriteBuffer } from 'hyparquet-writer';
import type { SchemaElement } from 'hyparquet-writer';

/** What a column holds. Every value may be null. */
export type Field =
  | 'string'
  | 'int'
  | 'float'
  | { readonly list: Field }
  | { readonly struct: Readonly<Record<string, Field>> };

export type Columns = Readonly<Record<string, Field>>;
export type Row = Readonly<Record<string, unknown>>;

/** The file. Values that a row lacks are null. */
export function parquetBytes(columns: Columns, rows: readonly Row[]): Uint8Array {
  const names = Object.keys(columns);
  const schema: SchemaElement[] = [
    { name: 'root', num_children: names.length },
    ...Object.entries(columns).flatMap(([name, field]) => elements(name, field)),
  ];
  const columnData = names.map((name) => ({ name, data: rows.map((row) => row[name] ?? null) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema, createdBy: 'aster-lab' }));
}

/** Rows as JSON lines; what is null is left out, as readers of chat messages expect. */
export function jsonLines(rows: readonly Row[]): string {
  return rows.map((row) => `${JSON.stringify(row, (_, value: unknown) => value ?? undefined)}\n`).join('');
}

function elements(name: string, field: Field): SchemaElement[] {
  const optional = { name, repetition_type: 'OPTIONAL' } as const;
  if (field === 'string') return [{ ...optional, type: 'BYTE_ARRAY', converted_type: 'UTF8' }];
  if (field === 'int') return [{ ...optional, type: 'INT32' }];
  if (field === 'float') return [{ ...optional, type: 'FLOAT' }];
  if ('list' in field)
    return [
      { ...optional, converted_type: 'LIST', num_children: 1 },
      { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
      ...elements('element', field.list),
    ];
  const parts = Object.entries(field.struct);
  return [
    { ...optional, num_children: parts.length },
    ...parts.flatMap(([part, inner]) => elements(part, inner)),
  ];
}
