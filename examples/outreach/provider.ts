// The model providers. With a key in the environment the real service is used; without one, a model server on loopback that speaks the same wires.

import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseScript } from '../model-server/script.ts';
import { startModelServer } from '../model-server/server.ts';

export async function openai(): Promise<OpenAI> {
  if (process.env.OPENAI_API_KEY) return new OpenAI();
  return new OpenAI({ apiKey: 'no-key-needed-on-loopback', baseURL: `${await modelServer()}/v1` });
}

export async function anthropic(): Promise<Anthropic> {
  if (process.env.ANTHROPIC_API_KEY) return new Anthropic();
  return new Anthropic({ apiKey: 'no-key-needed-on-loopback', baseURL: await modelServer() });
}

async function modelServer(): Promise<string> {
  if (process.env.MODEL_SERVER) return process.env.MODEL_SERVER;
  const server = await startModelServer({ script: parseScript(await readFile(join(import.meta.dirname, 'conversation.json'), 'utf8')), background: true });
  process.env.MODEL_SERVER = server.url; // one for this process and those that it starts
  return server.url;
}
