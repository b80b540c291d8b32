// What model calls cost, in micro-dollars: an upper bound before the call, the price after it. From the table of @pydantic/genai-prices; a model it does not know has no price.

import { calcPrice, TieredPrices, type ModelPrice, type PriceCalculation } from '@pydantic/genai-prices';
import type { MicroUsd, Usage } from '../protocol/action.ts';

export interface PricedModel {
  /** Host of the provider, for example `api.openai.com`. A host that is no known provider's (a proxy, a server of one's own) is priced by the model's name alone. */
  readonly provider: string;
  readonly model: string;
}

/** The most the call can cost: all input at the dearest way of reading or caching it, all output, each at the dearest tier. Rounded up. */
export function estimateCost({ provider, model, inputTokens, maxOutputTokens }: PricedModel & { readonly inputTokens: number; readonly maxOutputTokens: number }): MicroUsd | undefined {
  const rates = ratesOf({ provider, model });
  return rates && bound(rates, inputTokens, maxOutputTokens);
}

/** What the call cost, by its usage. Rounded up. */
export function costOf({ provider, model, usage }: PricedModel & { readonly usage: Usage }): MicroUsd | undefined {
  const { input, output, cachedInput = 0, cacheWrite = 0 } = usage;
  const price = priceOf({ provider, model }, { input_tokens: Math.max(input, cachedInput + cacheWrite), output_tokens: output, cache_read_tokens: cachedInput, cache_write_tokens: cacheWrite });
  return price && Math.ceil(price.total_price * MILLION - ROUNDING);
}

/** The largest output whose estimate fits `budget`; 0 when the input alone is too dear, undefined when the model has no price. */
export function affordableOutput({ provider, model, inputTokens, budget }: PricedModel & { readonly inputTokens: number; readonly budget: MicroUsd }): number | undefined {
  const rates = ratesOf({ provider, model });
  if (!rates) return undefined;
  if (rates.output === 0) return bound(rates, inputTokens, 0) <= budget ? Number.MAX_SAFE_INTEGER : 0;
  let tokens = Math.max(0, Math.floor((budget * MILLION - inputTokens * rates.input) / rates.output) + 1);
  while (tokens > 0 && bound(rates, inputTokens, tokens) > budget) tokens--;
  return tokens;
}

/** The longest answer the model can give. The table holds context windows but no output limits, so this is known for no model, and callers set a bound of their own. */
export function maxOutputOf(_model: string): number | undefined {
  return undefined;
}

/** Micro-dollars, rounded up. */
const bound = (rates: Rates, input: number, output: number): MicroUsd => Math.ceil((input * rates.input + output * rates.output) / MILLION - ROUNDING);

const MILLION = 1e6;
/** Floating point may end a hair above a whole micro-dollar; that hair is not money. */
const ROUNDING = 1e-6;

/** Micro-dollars per million tokens. */
interface Rates {
  readonly input: number;
  readonly output: number;
}

/** Where the table lists a model for a host. */
interface Listed {
  readonly providerId: string;
  /** Undefined for a model whose price depends on the date or the hour. */
  readonly rates?: Rates;
}

/** Finding a model means trying the patterns of every provider, so what was found is kept. The table never changes while we run. */
const listed = new Map<string, Listed | undefined>();
const MOST_LISTED = 1_000;

function listing(priced: PricedModel): Listed | undefined {
  const key = `${priced.provider}\n${priced.model}`;
  if (listed.has(key)) return listed.get(key);
  const price = search(priced);
  const found = price && { providerId: price.provider.id, ...(!Array.isArray(price.model.prices) && { rates: dearestRates(price.model.prices) }) };
  if (listed.size >= MOST_LISTED) listed.clear();
  listed.set(key, found);
  return found;
}

/** At the provider with this host, or wherever a model of this name is sold. */
function search({ provider, model }: PricedModel): PriceCalculation | undefined {
  const usage = { input_tokens: 1, output_tokens: 1 };
  return attempt(() => calcPrice(usage, model, { providerApiUrl: `https://${provider}` })) ?? attempt(() => calcPrice(usage, model));
}

function ratesOf(priced: PricedModel): Rates | undefined {
  const found = listing(priced);
  if (!found || found.rates) return found?.rates;
  const price = priceOf(priced, { input_tokens: 1, output_tokens: 1 });
  return price && dearestRates(price.model_price);
}

function dearestRates(price: ModelPrice): Rates {
  const input = Math.max(...INPUT_RATES.map((name) => dearest(price[name])));
  return { input: input * MILLION, output: dearest(price.output_mtok) * MILLION };
}

/** Ways in which one token of input can be charged. */
const INPUT_RATES = ['input_mtok', 'cache_read_mtok', 'cache_write_mtok', 'cache_write_1h_mtok'] as const satisfies readonly (keyof ModelPrice)[];

/** Dollars per million tokens, at the dearest tier. */
function dearest(price: number | TieredPrices | undefined): number {
  if (price === undefined) return 0;
  return typeof price === 'number' ? price : Math.max(price.base, ...price.tiers.map((tier) => tier.price));
}

function priceOf(priced: PricedModel, usage: Record<string, number>): PriceCalculation | undefined {
  const providerId = listing(priced)?.providerId;
  return providerId === undefined ? undefined : attempt(() => calcPrice(usage, priced.model, { providerId }));
}

/** The package throws on usage it cannot make sense of; a price that cannot be calculated is unknown. */
function attempt<T>(calculate: () => T | null): T | undefined {
  try {
    return calculate() ?? undefined;
  } catch {
    return undefined;
  }
}
