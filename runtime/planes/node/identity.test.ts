// A child's environment: its own run where it is an agent, its parent's otherwise.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readIdentity, withIdentity } from './identity.ts';

const GATEWAY = 'http://127.0.0.1:4010/r/parent-token';
const env = {
  FULLARC_SOCKET: '/s', FULLARC_RUN: 'parent', FULLARC_TOKEN: 'parent-token', FULLARC_GATEWAY: GATEWAY,
  OPENAI_BASE_URL: `${GATEWAY}/u/https/api.openai.com/v1`, ELSEWHERE: `${GATEWAY}-not/u`, HOME: '/home/ana',
};

test('the models of an agent that is spawned are asked as its own run', () => {
  const child = withIdentity(env, readIdentity(env)!, '/preload.cjs', { run: 'child', token: 'child-token' });
  assert.equal(child['OPENAI_BASE_URL'], 'http://127.0.0.1:4010/r/child-token/u/https/api.openai.com/v1');
  assert.equal(child['ELSEWHERE'], env.ELSEWHERE);
  assert.equal(child['HOME'], '/home/ana');
});

test('those of any other program are asked as the run that started it', () => {
  assert.equal(withIdentity(env, readIdentity(env)!, '/preload.cjs')['OPENAI_BASE_URL'], env.OPENAI_BASE_URL);
});
