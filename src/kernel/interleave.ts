import type { Interleaved, Interleaving } from '../backend/lab.ts';
import type { Candidate } from '../candidate/candidate.ts';
import { LabError } from '../net/error.ts';
import { cableOf, type Topology } from '../topology/topology.ts';
import { returnScript } from './faults.ts';
import { document } from './network.ts';
import { quote, scratch, type Sandbox } from './sandbox.ts';

/** Where scripts ask for their turn, and what does it for them. */
const gate = `${scratch}/gate`;

/**
 * Has pppd's scripts work in the orders that are asked for, one command at a time. While one works, all others wait at the
 * gate: a script whose `ip` is a function of ours that asks for its turn first. A lock that is taken is tried again at the next
 * turn; a wait for news from the kernel ends at each, so that whoever waits looks again. So time decides nothing.
 */
export async function interleave(
  sandbox: Sandbox,
  topology: Topology,
  { lineScripts }: Candidate,
  interleavings: readonly Interleaving[],
): Promise<readonly Interleaved[]> {
  if (!lineScripts) throw new Error('a candidate without ip-up and ip-down has nothing to interleave');
  const { host, uplinks } = topology.server;
  const lines = uplinks.map((uplink) => uplink.interface);
  const script = [
    ...[preparation(uplinks.length), `up=${quote(lineScripts.up)} down=${quote(lineScripts.down)}`],
    ...uplinks.map(({ interface: name, address, gateway }) => {
      const make = returnScript(topology, cableOf(topology, host, name));
      return `make_${name}() {\n${make}\n}\nwords_${name}='${name} /dev/null 0 ${address} ${gateway}'`;
    }),
    scheduler,
    ...interleavings.map(({ before, changes, turns }) =>
      ['run', quoted(lines), quoted(before), quoted(changes), quoted(turns.map(String))].join(' '),
    ),
    '',
  ];
  const said = await sandbox.run('interleaving scripts', host, ['sh', '-eu'], { input: script.join('\n') });
  const results = said.split('\n').flatMap((line): readonly Interleaved[] => {
    const [, turns, route] = /^turns:(.*) route:(.*)$/.exec(line) ?? [];
    if (turns === undefined || route === undefined) return [];
    const nexthops = [...route.matchAll(/ dev (\S+)(?: weight (\d+))?/g)];
    return [{ turns: turns.trim().split(' '), nexthops: nexthops.map(([, device = '']) => device) }];
  });
  if (results.length !== interleavings.length) {
    throw new LabError('lab-failed', `of ${interleavings.length} interleavings ${results.length} came to their end`);
  }
  return results;
}

const quoted = (words: readonly string[]): string => `'${words.join(' ')}'`;

/** The scripts' `ip` and `flock`: functions, and for who runs them by the PATH, such as `timeout`, programs. */
const functions = `
ask() { echo "$ACTOR" >${gate}/asks; read -r _ <${gate}/turn.$ACTOR; }
ip() {
    case \${1-} in monitor) command ip "$@" ;; *) ask; REAL_ip "$@" ;; esac
}
flock() {
    while :; do
        ask
        if REAL_flock --nonblock "$@"; then return; fi
    done
}
`;

/** Each turn's FIFO is held open for writing, so that whoever comes to read neither waits for a writer nor misses what it says. */
function preparation(actors: number): string {
  return [
    `gate=${gate}`,
    'mkdir -p $gate/bin',
    document('cat >$gate/functions', functions),
    'sed -i "s#REAL_ip#$(command -v ip)#; s#REAL_flock#$(command -v flock)#" $gate/functions',
    document('cat >$gate/bin/ip', `#!/bin/sh\ncase $1 in monitor) exec yes ;; esac\n. ${gate}/functions\nip "$@"`),
    document('cat >$gate/bin/flock', `#!/bin/sh\n. ${gate}/functions\nflock "$@"`),
    'chmod +x $gate/bin/*',
    'mkfifo $gate/asks',
    'exec 3<>$gate/asks',
    ...Array.from(
      { length: actors },
      (_, actor) => `mkfifo $gate/turn.${actor}\nexec ${4 + actor}<>$gate/turn.${actor}`,
    ),
  ].join('\n');
}

/**
 * `run LINES BEFORE CHANGES TURNS`: brings the lines that are up BEFORE to be so, and has all CHANGES begin at once: a line
 * that is up goes, another comes. A move is: a change begins (`+`), which starts its script; a script's next command; a line that
 * has gone down loses its interface (`-`), as pppd lets go of it some time after. TURNS choose among the moves there are.
 */
const scheduler = `
there() { [ -e /proc/sys/net/ipv4/conf/$1 ]; }

reset() { # LINES BEFORE
    for line in $1; do
        case " $2 " in
        *" $line "*) if there $line; then ip link set $line up; else make_$line; fi ;;
        *) if there $line; then ip link delete $line; fi ;;
        esac
    done
    ip route flush exact 0.0.0.0/0
    for line in $2; do eval '"$up"' \\$words_$line >/dev/null 2>&1 || :; done
}

# The scripts are run as pppd runs them. One that ends says so at the gate.
start() { # ACTOR SCRIPT LINE
    eval "words=\\$words_$3"
    {
        ACTOR=$1 PATH=$gate/bin:$PATH sh -c ". $gate/functions; . \\"\\$0\\"" "$2" $words >/dev/null 2>&1 </dev/null 3>&- || :
        echo "done $1" >$gate/asks
    } &
}

# Whoever has the turn is the only one at work: what comes next at the gate is from it.
await() {
    read -r message <&3
    case $message in
    done*) eval "state_\${message#done }=ended" ;;
    *) eval "state_$message=asks" ;;
    esac
}

run() { # LINES BEFORE CHANGES TURNS
    reset "$1" "$2"
    actor=0 order=
    for line in $3; do
        eval "line_$actor=$line state_$actor=new gone_$actor=no"
        case " $2 " in *" $line "*) eval "gone_$actor=pending" ;; esac
        actor=$((actor + 1))
    done
    actors=$actor
    turns=$4
    while :; do
        moves= count=0 actor=0
        while [ $actor -lt $actors ]; do
            eval "state=\\$state_$actor gone=\\$gone_$actor"
            case $state in
            new) moves="$moves +$actor" count=$((count + 1)) ;;
            asks) moves="$moves $actor" count=$((count + 1)) ;;
            esac
            if [ $state != new ] && [ $gone = pending ]; then moves="$moves -$actor" count=$((count + 1)); fi
            actor=$((actor + 1))
        done
        [ $count -gt 0 ] || break
        turn=\${turns%% *}
        turns="\${turns#* } $turn"
        chosen=$((turn % count))
        set -- $moves
        shift $chosen
        order="$order $1"
        actor=\${1#[+-]}
        eval "line=\\$line_$actor gone=\\$gone_$actor"
        case $1 in
        +*)
            if [ $gone = pending ]; then
                ip link set $line down
                start $actor "$down" $line
            else
                make_$line
                start $actor "$up" $line
            fi
            await
            ;;
        -*)
            ip link delete $line
            eval "gone_$actor=yes"
            ;;
        *)
            echo go >&$((4 + actor))
            await
            ;;
        esac
    done
    wait
    route=$(ip route show default)
    echo turns:$order route: $route
}
`;
