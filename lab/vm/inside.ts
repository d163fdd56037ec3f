/** What follows all that the command writes to a stream: when it has come, nothing more is on its way. */
export const endMark = (nonce: string): string => `\0end ${nonce}\n`;

export interface Inside {
  /** A command's words, and the folder that it is run in. */
  readonly command: readonly string[];
  readonly directory: string;
  /** The folder that is not the machine's own memory, but goes out by 9p. */
  readonly results: string;
  readonly nonce: string;
}

/**
 * The script that the machine's first process runs, once the machine's files are there: the command, and how it ended. It has the
 * ports `control` as 3, `out` as 4, `err` as 5.
 */
export function insideScript({ command, directory, results, nonce }: Inside): string {
  return `
set -eu
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 CI=true
busybox() { /run/busybox "$@"; }
trap 'busybox poweroff -f' EXIT
busybox ln -s /proc/self/fd /dev/fd
busybox ln -s fd/1 /dev/stdout
busybox mkdir -p /dev/pts /dev/shm
busybox mount -t devpts -o ptmxmode=666 devpts /dev/pts
busybox mount -t tmpfs -o mode=1777 tmpfs /dev/shm
busybox mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000 results ${quote([results])}
busybox ip link set lo up
modprobe tun
cd ${quote([directory])}
status=0
${quote(command)} </dev/null >&4 2>&5 3>&- 4>&- 5>&- || status=$?
busybox sync
mark='\\000end ${nonce}\\n'
printf "$mark" >&4
printf "$mark" >&5
echo "$status" >&3
read -r _ <&3
`;
}

/** Words as a shell's command line. */
function quote(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", `'\\''`)}'`).join(' ');
}
