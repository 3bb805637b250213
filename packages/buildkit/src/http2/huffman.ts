/** Bits of each byte's code, and last those of the end of string, in base 36: RFC 7541, appendix B. */
const LENGTHS =
  'dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6cad67777777777777777777777878djde6f56565666577666567655677777fbeds' +
  'kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmnqqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrqu';
const END_OF_STRING = 256;
const LONGEST = 30;

/**
 * Symbols in the order of their codes, which is that of length, then value; and for each length the first code and where its
 * symbols begin.
 */
const symbols: number[] = [];
const firstCode: number[] = [];
const firstSymbol: number[] = [];
for (let length = 0, code = 0; length <= LONGEST; length += 1, code *= 2) {
  firstCode[length] = code;
  firstSymbol[length] = symbols.length;
  for (let symbol = 0; symbol <= END_OF_STRING; symbol += 1) {
    if (Number.parseInt(LENGTHS[symbol] as string, 36) === length) symbols.push(symbol);
  }
  code += symbols.length - (firstSymbol[length] as number);
}
firstSymbol.push(symbols.length);

/** Undo HTTP/2's Huffman coding. Undefined for what RFC 7541, section 5.2, forbids: a wrong padding, or an end of string. */
export function decodeHuffman(coded: Uint8Array): Buffer | undefined {
  // No code is shorter than five bits.
  const out = Buffer.allocUnsafe(Math.floor((coded.length * 8) / 5));
  let written = 0;
  let code = 0;
  let length = 0;
  for (const byte of coded) {
    for (let bit = 7; bit >= 0; bit -= 1) {
      code = code * 2 + ((byte >> bit) & 1);
      length += 1;
      const place = (firstSymbol[length] as number) + code - (firstCode[length] as number);
      if (place >= (firstSymbol[length + 1] as number)) continue;
      const symbol = symbols[place] as number;
      if (symbol === END_OF_STRING) return undefined;
      out[written++] = symbol;
      code = length = 0;
    }
  }
  // What is left are the first bits of the end of string, which are ones, and less than a byte of them.
  return length < 8 && code === 2 ** length - 1 ? out.subarray(0, written) : undefined;
}
