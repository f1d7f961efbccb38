/**
 * @file TensorBoard's event files, as bytes: records of TFRecord that hold `Event` messages with scalars.
 *
 * Formats: tensorflow/core/lib/io/record_writer.h (a record: length, its masked CRC-32C, the data, its masked CRC-32C),
 * tensorflow/core/util/event.proto and tensorflow/core/framework/summary.proto.
 */

/** What an event says besides when it happened. */
export type EventContent =
  /** The first event of every file. */
  | { readonly kind: 'version' }
  /** From this step on, what earlier files say does not count: a run goes on from before it. */
  | { readonly kind: 'start' }
  | { readonly kind: 'scalars'; readonly values: Readonly<Record<string, number>> };

export interface EventRecord {
  /** Seconds since 1970. */
  readonly wallTime: number;
  readonly step: number;
  readonly content: EventContent;
}

/** An event as a record of a file. */
export function eventRecord(event: EventRecord): Buffer {
  const data = eventMessage(event);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(data.length));
  return Buffer.concat([length, maskedChecksum(length), data, maskedChecksum(data)]);
}

/** Numbers of fields in the messages. */
const fields = { wallTime: 1, step: 2, fileVersion: 3, summary: 5, sessionLog: 7 } as const;
const fileVersion = 'brain.Event:2';
const sessionStart = 1;

function eventMessage({ wallTime, step, content }: EventRecord): Buffer {
  const time = doubleField(fields.wallTime, wallTime);
  const at = step === 0 ? [] : [integerField(fields.step, step)];
  switch (content.kind) {
    case 'version':
      return Buffer.concat([time, ...at, bytesField(fields.fileVersion, Buffer.from(fileVersion))]);
    case 'start':
      return Buffer.concat([time, ...at, bytesField(fields.sessionLog, integerField(1, sessionStart))]);
    case 'scalars': {
      const values = Object.entries(content.values).map(([tag, value]) =>
        bytesField(1, Buffer.concat([bytesField(1, Buffer.from(tag)), floatField(2, value)])),
      );
      return Buffer.concat([time, ...at, bytesField(fields.summary, Buffer.concat(values))]);
    }
  }
}

/** A field's number and how its value is written: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes. */
const key = (field: number, wire: 0 | 1 | 2 | 5): Buffer => varint((field << 3) | wire);

function varint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = BigInt(value);
  for (; rest > 127n; rest >>= 7n) bytes.push(Number(rest & 127n) | 128);
  return Buffer.from([...bytes, Number(rest)]);
}

const integerField = (field: number, value: number): Buffer => Buffer.concat([key(field, 0), varint(value)]);

const bytesField = (field: number, bytes: Buffer): Buffer =>
  Buffer.concat([key(field, 2), varint(bytes.length), bytes]);

function doubleField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleLE(value);
  return Buffer.concat([key(field, 1), bytes]);
}

function floatField(field: number, value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return Buffer.concat([key(field, 5), bytes]);
}

/** CRC-32C (Castagnoli), whose polynomial is 0x1EDC6F41: here with its bits reversed. */
const checksumTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function maskedChecksum(bytes: Buffer): Buffer {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (checksumTable[(crc ^ byte) & 255] as number) ^ (crc >>> 8);
  crc = ~crc >>> 0;
  const masked = Buffer.alloc(4);
  masked.writeUInt32LE((((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0);
  return masked;
}
