/** A zip archive, stored without compression (PKWARE, APPNOTE.TXT 6.3). */

const TABLE = Uint32Array.from({ length: 256 }, (_, value) => {
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});
// Version that reads it, names in UTF-8, stored, and a date: 1 January 1980.
const COMMON = [20, 0x0800, 0, 0, 0x21];
const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;

/**
 * @param {{name: string, content: string | Uint8Array}[]} files  names with "/"
 * @returns {Blob}
 */
export function zip(files) {
  const encoder = new TextEncoder();
  const [parts, directory] = [[], []];
  let [offset, directorySize] = [0, 0];
  for (const { name, content } of files) {
    const data = typeof content === "string" ? encoder.encode(content) : content;
    const path = encoder.encode(name);
    const sizes = [data.length, data.length];
    const head = record([LOCAL], COMMON, [checksum(data), ...sizes], [path.length, 0]);
    const entry = record(
      [CENTRAL],
      [20, ...COMMON],
      [checksum(data), ...sizes],
      [path.length, 0, 0, 0, 0],
      [0, offset],
    );
    parts.push(head, path, data);
    directory.push(entry, path);
    offset += head.length + path.length + data.length;
    directorySize += entry.length + path.length;
  }
  const counts = [0, 0, files.length, files.length];
  const end = record([END], counts, [directorySize, offset], [0]);
  return new Blob([...parts, ...directory, end], { type: "application/zip" });
}

/** Numbers of 4, 2, 4, 2 and 4 bytes in turn. */
function record(...groups) {
  const bytes = groups.flatMap((numbers, group) => {
    const size = group % 2 ? 2 : 4;
    return numbers.flatMap((value) =>
      Array.from({ length: size }, (_, byte) => (value >>> (8 * byte)) & 255),
    );
  });
  return Uint8Array.from(bytes);
}

function checksum(data) {
  let value = 0xffffffff;
  for (const byte of data) value = TABLE[(value ^ byte) & 255] ^ (value >>> 8);
  return ~value >>> 0;
}
