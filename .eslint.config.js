import { builtinModules } from 'node:module';
import js from '@eslint/js';
import { defineConfig } from 'eslint/config';
import tseslint from 'typescript-eslint';

// The layers of src/, lowest first. A file may import its own layer and those below; kernel and model are one level and never see
// each other.
const levels = [
  ['net'],
  ['topology'],
  ['candidate'],
  ['backend'],
  ['kernel', 'model'],
  ['scenario'],
  ['report'],
  ['cli'],
];
const browserLayers = ['net', 'topology', 'candidate', 'backend', 'model'];

const bare = builtinModules.filter((name) => !name.startsWith('_')).map((name) => name.replaceAll('/', '.'));
const builtIns = {
  regex: `^(node:.*|${bare.join('|')})$`,
  message: 'This layer also runs in a browser: no Node built-ins.',
};
const childProcess = {
  regex: '^(node:)?child_process$',
  message: 'Only src/kernel/process.ts runs processes (lab/ has zx).',
};
const execa = { regex: '^execa(/.*)?$', message: 'Only src/kernel/process.ts runs processes.' };
const zx = {
  regex: '^zx(/.*)?$',
  message: 'zx is for the bench in lab/; the engine runs processes by src/kernel/process.ts.',
};
const layers = (names, message) => ({ regex: `^([.][.]?/)+(src/)?(${names.join('|')})/`, message });
const particulars = {
  regex: '^([.][.]?/)+(lab|scenarios)/',
  message: 'The engine knows no topology or scenario by name.',
};

/** Refuses modules, whether imported statically, re-exported, or by import(), which no-restricted-imports doesn't see. */
const refuse = (...patterns) => ({
  'no-restricted-imports': ['error', { patterns }],
  'no-restricted-syntax': [
    'error',
    ...patterns.map(({ regex, message }) => ({
      selector: `ImportExpression > Literal.source[value=/${regex.replaceAll('/', '\\x2F')}/]`,
      message,
    })),
  ],
});

function layerRules(name) {
  const level = levels.findIndex((names) => names.includes(name));
  const siblings = levels[level].filter((other) => other !== name);
  const above = levels.slice(level + 1).flat();
  const forbidden = [...siblings, ...above];
  const pure = browserLayers.includes(name);
  const rules = [zx, execa, pure ? builtIns : childProcess];
  if (forbidden.length > 0) rules.push(layers(forbidden, `src/${name} may not import this layer.`));
  if (pure || name === 'kernel') rules.push(particulars);
  return rules;
}

const scenarioKernel = layers(['kernel'], 'Only src/scenario/backends.ts chooses a backend.');

export default defineConfig(
  { ignores: ['results/', 'coverage/', 'node_modules/'] },
  { linterOptions: { reportUnusedDisableDirectives: 'error' } },
  js.configs.recommended,
  {
    files: ['**/*.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { projectService: true, tsconfigRootDir: import.meta.dirname } },
    rules: {
      // Numbers (ports, marks, milliseconds) read well in messages and need no String().
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true }],
      // `switch` over a closed list of kinds must say what it does with each: a new cause or match then can't be forgotten.
      '@typescript-eslint/switch-exhaustiveness-check': ['error', { considerDefaultExhaustiveForUnions: true }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // `(line) => lines.push(line)` and `() => t.pass()` say enough.
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true }],
      // A parameter with an underscore is one a caller passes and this function has no use for; `using` is used by its scope's end.
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_', ignoreUsingDeclarations: true }],
      eqeqeq: 'error',
    },
  },
  ...levels.flat().map((name) => ({ files: [`src/${name}/**/*.ts`], rules: refuse(...layerRules(name)) })),
  {
    files: ['src/scenario/**/*.ts'],
    ignores: ['src/scenario/backends.ts'],
    rules: refuse(...layerRules('scenario'), scenarioKernel),
  },
  {
    // A program of its own, inside a host.
    files: ['src/kernel/inside/volley.ts'],
    rules: refuse(...layerRules('kernel').filter((p) => p !== childProcess)),
  },
  {
    files: ['src/kernel/process.ts'],
    rules: refuse(...layerRules('kernel').filter((p) => p !== execa && p !== childProcess)),
  },
  {
    files: browserLayers.map((name) => `src/${name}/**/*.ts`),
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-globals': ['error', 'process', 'Buffer', 'global', 'setImmediate'],
    },
  },
  {
    // Time and chance come in as arguments, or two runs would differ.
    files: ['src/model/**/*.ts', 'src/net/**/*.ts'],
    ignores: ['**/*.test.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        { object: 'Date', property: 'now' },
        { object: 'Math', property: 'random' },
        { object: 'performance', property: 'now' },
      ],
    },
  },
  { files: ['lab/**/*.ts'], rules: refuse(execa, childProcess) },
  {
    files: ['lab/topologies/**/*.ts', 'lab/candidates/**/*.ts'],
    rules: refuse(
      zx,
      execa,
      childProcess,
      layers(['kernel', 'model', 'report', 'cli'], 'Topologies and candidates are data.'),
    ),
  },
  {
    files: ['scenarios/**/*.ts'],
    rules: refuse(
      zx,
      execa,
      builtIns,
      layers(['kernel', 'cli', 'report'], 'A scenario says what is expected, not how it is run.'),
    ),
  },
  {
    // Tests may look anywhere, also across layers: one holds the model to the kernel.
    files: ['**/*.test.ts'],
    rules: {
      ...refuse(zx),
      '@typescript-eslint/no-non-null-assertion': 'off',
      '@typescript-eslint/no-unsafe-assignment': 'off',
      '@typescript-eslint/no-unsafe-member-access': 'off',
    },
  },
  { files: ['lab/**/*.test.ts'], rules: { 'no-restricted-imports': 'off', 'no-restricted-syntax': 'off' } },
  {
    files: ['**/*.js'],
    languageOptions: { globals: { console: 'readonly', process: 'readonly' } },
  },
);
