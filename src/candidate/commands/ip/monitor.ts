import type { Cursor } from '../cursor.ts';
import type { MonitorCommand, Output } from '../ip.ts';
import { matches } from '../keyword.ts';
import { notModelled } from '../refusal.ts';
import type { Word } from '../word.ts';
import { deviceIn } from './names.ts';

/**
 * `ip monitor`, once that is taken, which is `monitor`.
 *
 * @throws LabError 'invalid'
 */
export function readMonitor(words: Cursor, monitor: Word, output: Output): MonitorCommand {
  const usage = 'there is ip monitor link [dev DEVICE]';
  const object = words.next();
  if (!object) return notModelled(monitor.at, 'ip monitor of everything', usage);
  if (!matches(object.text, 'link')) notModelled(object.at, `ip monitor ${object.text}`, usage);
  words.take(monitor);
  const dev = words.next();
  if (!dev) return { object: 'monitor', device: null, output };
  if (dev.text !== 'dev') notModelled(dev.at, `ip monitor link ${dev.text}`, usage);
  words.take(object);
  const device = deviceIn(words.take(dev));
  const more = words.next();
  if (more) notModelled(more.at, `ip monitor link … ${more.text}`, usage);
  return { object: 'monitor', device, output };
}
