/** What a command writes to standard output, which is the process's: such tests run one after another. */
export async function outputOf(work: () => Promise<unknown>): Promise<string> {
  const { write } = process.stdout as { readonly write: unknown };
  let output = '';
  process.stdout.write = (text: string | Uint8Array) => {
    output += String(text);
    return true;
  };
  try {
    await work();
  } finally {
    Object.assign(process.stdout, { write });
  }
  return output;
}
