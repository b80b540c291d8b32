// A warehouse that answers every question about order A-17 with the same words, and counts the questions.

import { counted, site, type OpenWorld } from '../world.ts';

export const openWorld: OpenWorld = async () => {
  const asked: string[] = [];
  const warehouse = await site((_method, path) => {
    asked.push(path);
    return path === '/orders/A-17' ? { order: 'A-17', status: 'packed', shipped: null } : undefined;
  });
  return { env: { WAREHOUSE: warehouse.url }, damage: () => counted(asked.length, 'call of the warehouse', 'calls of the warehouse'), close: warehouse.close };
};
