// One measured number. Every file of this folder exports `run()`, which measures its part against its peers in the same run, and `ABOUT`, which says what is compared.

export interface BenchResult {
  readonly name: string;
  readonly unit: string;
  readonly value: number;
  /** How many times better than the baseline of the same run; above 1 is better. */
  readonly ratio?: number;
  readonly note?: string;
}
