// What a `governed-agent` configuration says, and the command line that follows from it. No editor in here.

import { basename, extname } from 'node:path';

export interface GovernedLaunch {
  readonly request: 'launch';
  readonly agent: string;
  readonly fleet?: string;
  readonly workflow?: string;
  readonly user?: string;
  /** What policies may ask of the run, such as its purpose. */
  readonly context?: Readonly<Record<string, string>>;
  readonly program?: string;
  readonly command?: string;
  readonly args?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string | null>>;
  readonly openRun?: boolean;
}

/** How a script is run, by its extension; anything else is a program itself. */
const INTERPRETERS: Readonly<Record<string, string>> = {
  '.js': 'node', '.mjs': 'node', '.cjs': 'node', '.ts': 'node', '.mts': 'node', '.cts': 'node', '.py': 'python3',
};

/** The agent's command line. */
export function commandLine({ program, command, args = [] }: Pick<GovernedLaunch, 'program' | 'command' | 'args'>): readonly string[] {
  if (command) return [command, ...args];
  if (!program) return [];
  const interpreter = INTERPRETERS[extname(program).toLowerCase()];
  return interpreter ? [interpreter, program, ...args] : [program, ...args];
}

/** Arguments of `fullarc` that launch it under governance in `workspace`. */
export function runArguments(config: GovernedLaunch, workspace: string): readonly string[] {
  const options = (['agent', 'fleet', 'workflow', 'user', 'cwd'] as const).flatMap((name) => (config[name] ? [`--${name}`, config[name]] : []));
  const context = Object.entries(config.context ?? {}).map(([key, value]) => `--context=${key}=${value}`);
  return ['run', '--json', '--workspace', workspace, ...options, ...context, '--', ...commandLine(config)];
}

/** What is wrong with the configuration itself, in one sentence; undefined when nothing is. */
export function wrongWith(config: Readonly<Record<string, unknown>>): { readonly message: string; readonly field: string } | undefined {
  if (config['request'] === 'attach') return isText(config['run']) ? undefined : { field: 'run', message: 'it names no `run` to attach to' };
  if (!isText(config['agent'])) return { field: 'agent', message: 'it names no `agent`' };
  if (isText(config['program']) === isText(config['command'])) return { field: 'program', message: 'it must name either a `program` or a `command`' };
  const args = config['args'];
  if (args !== undefined && !(Array.isArray(args) && args.every((each) => typeof each === 'string'))) return { field: 'args', message: '`args` must be a list of texts' };
  const context = config['context'];
  if (context !== undefined && !(typeof context === 'object' && context !== null && !Array.isArray(context) && Object.values(context).every((each) => typeof each === 'string'))) return { field: 'context', message: '`context` must be names with texts' };
  return undefined;
}

/** A configuration for an entry point of a declared agent. */
export function configurationFor(agent: string, program: string): { readonly type: string; readonly request: 'launch'; readonly name: string; readonly agent: string; readonly program: string } {
  return { type: 'governed-agent', request: 'launch', name: `Governed: ${agent} (${basename(program)})`, agent, program };
}

const isText = (value: unknown): value is string => typeof value === 'string' && value.length > 0;
