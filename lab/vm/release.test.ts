import test from 'ava';
import { newestOf, releasesOf, versionsOf } from './release.ts';

const packages = [
  'linux-image-6.1.0-47-amd64',
  'linux-image-6.1.0-50-amd64',
  'linux-image-6.1.0-50-cloud-amd64',
  'linux-image-6.1.0-50-rt-amd64',
  'linux-image-6.1.0-50-amd64-unsigned',
  'linux-image-6.1.0-50-amd64-dbg',
  'linux-image-6.12.94+deb12.1-amd64',
  'linux-image-6.12.107+deb13-amd64',
  'linux-image-7.0.13+deb13-amd64',
  'linux-image-amd64',
  'linux-headers-7.3.4+deb13-amd64',
];
const releases = releasesOf(packages);

test('generic kernels alone', (t) => {
  t.deepEqual(releases, [
    '6.1.0-47-amd64',
    '6.1.0-50-amd64',
    '6.12.94+deb12.1-amd64',
    '6.12.107+deb13-amd64',
    '7.0.13+deb13-amd64',
  ]);
  t.deepEqual(versionsOf(releases), ['6.1', '6.12', '7.0']);
});

test('the newest of a version, by its numbers', (t) => {
  t.is(newestOf(releases, '6.1'), '6.1.0-50-amd64', '6.12 is another');
  t.is(newestOf([...releases, '6.1.0-9-amd64'].sort(), '6.1'), '6.1.0-50-amd64');
  t.is(newestOf(releases, '6.12'), '6.12.107+deb13-amd64');
  t.is(newestOf(releases, '6.12.94'), '6.12.94+deb12.1-amd64');
  t.is(newestOf(releases, '6'), '6.12.107+deb13-amd64');
  t.is(newestOf(releases, '6.1.0-47-amd64'), '6.1.0-47-amd64');
  for (const none of ['5.10', '6.12.9', '6.1.0-5', '']) t.is(newestOf(releases, none), undefined, none);
});
