// Tests that build real networks: few at a time, each with time to start daemons. The fast ones are configured in package.json.
export default {
  files: ['src/**/*.kernel.test.ts', 'lab/**/*.kernel.test.ts', 'scenarios/**/*.kernel.test.ts'],
  extensions: { ts: 'module' },
  workerThreads: false,
  nodeArguments: ['--import=tsx'],
  concurrency: 2,
  timeout: '5m',
};
