import { isLookUp, lookUpWords, type Session } from './sessions.ts';

/** Sessions, and what a kernel answered to each of their lines. */
export interface Recording {
  /** The kernel's release. */
  readonly release: string;
  readonly sessions: readonly AnsweredSession[];
}

export interface AnsweredSession extends Session {
  /** One a line: `done`, `refused`, or of a look-up what was decided. */
  readonly answers: readonly string[];
}

const [question, answer] = ['? ', ' = '];

/**
 * A recording as text: after the kernel's release, of each session its sysctls, its lines (without the pauses, which are the
 * kernel's alone; `? ` stands for `route get `), and after ` = ` their answers but `done`.
 */
export function formatRecording({ release, sessions }: Recording): string {
  const texts = sessions.map(({ sysctls, lines, answers }, index) => {
    const said = lines.flatMap((line, place) => {
      if (line === '') return [];
      const found = answers[place] ?? 'nothing';
      const words = isLookUp(line) ? line.replace(lookUpWords, question) : line;
      return found === 'done' ? [words] : [`${words}${answer}${found}`];
    });
    return [`session ${index + 1}`, ...sysctls.map(([name, value]) => `sysctl ${name} ${value}`), ...said].join('\n');
  });
  return `Linux ${release}\n\n${texts.join('\n\n')}\n`;
}

/** @throws Error for what `formatRecording` has not written */
export function readRecording(text: string): Recording {
  const [head = '', ...blocks] = text.trimEnd().split('\n\n');
  const release = /^Linux (\S+)$/.exec(head)?.[1];
  if (release === undefined) throw new Error(`expected the kernel's release, got ${head}`);
  return { release, sessions: blocks.map(readSession) };
}

function readSession(block: string): AnsweredSession {
  const [title = '', ...rest] = block.split('\n');
  if (!/^session \d+$/.test(title)) throw new Error(`expected the number of a session, got ${title}`);
  const isSysctl = (line: string): boolean => line.startsWith('sysctl ');
  const sysctls = rest.filter(isSysctl).map((line) => {
    const [, name = '', value = ''] = line.split(' ');
    return [name, Number(value)] as const;
  });
  const said = rest
    .filter((line) => !isSysctl(line))
    .map((line) => {
      const [words = '', found] = line.split(answer);
      if (!words.startsWith(question)) return { words, found: found ?? 'done' };
      if (found === undefined) throw new Error(`a look-up without its answer: ${line}`);
      return { words: words.replace(question, lookUpWords), found };
    });
  return { sysctls, lines: said.map(({ words }) => words), answers: said.map(({ found }) => found) };
}
