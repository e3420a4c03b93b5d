/** Counts of one process, as OpenMetrics 1.0 text. */

/** Upper bounds in seconds. */
const buckets = [0.01, 0.05, 0.25, 1, 5, 30] as const;

interface Series {
  count: number;
  seconds: number;
  /** Of each bucket by itself; the text adds them up. */
  readonly within: number[];
}

export class ApiMetrics {
  readonly #requests = new Map<string, Series>();
  readonly #startedMs = Date.now();
  #inFlight = 0;

  started(): void {
    this.#inFlight++;
  }

  /** @param route the path with {name} for what varies, so that series stay few */
  ended(method: string, route: string, status: number, seconds: number): void {
    this.#inFlight--;
    const labels = `method="${method}",route="${escaped(route)}",status="${status}"`;
    const series = this.#requests.get(labels) ?? { count: 0, seconds: 0, within: buckets.map(() => 0) };
    this.#requests.set(labels, series);
    series.count++;
    series.seconds += seconds;
    const bucket = buckets.findIndex((bound) => seconds <= bound);
    if (bucket >= 0) series.within[bucket]!++;
  }

  text(): string {
    const lines = [
      "# TYPE volley_http_requests_in_flight gauge",
      "# HELP volley_http_requests_in_flight Requests being answered.",
      `volley_http_requests_in_flight ${this.#inFlight}`,
      "# TYPE volley_process_start_time_seconds gauge",
      "# UNIT volley_process_start_time_seconds seconds",
      `volley_process_start_time_seconds ${this.#startedMs / 1000}`,
      "# TYPE volley_http_request_duration_seconds histogram",
      "# UNIT volley_http_request_duration_seconds seconds",
      "# HELP volley_http_request_duration_seconds Time from request to answer.",
      ...[...this.#requests].flatMap(([labels, series]) => histogram(labels, series)),
      "# EOF",
    ];
    return `${lines.join("\n")}\n`;
  }
}

function histogram(labels: string, { count, seconds, within }: Series): readonly string[] {
  const name = "volley_http_request_duration_seconds";
  let sum = 0;
  const bounded = buckets.map((bound, i) => {
    sum += within[i]!;
    return `${name}_bucket{${labels},le="${bound.toFixed(2)}"} ${sum}`;
  });
  return [
    ...bounded,
    `${name}_bucket{${labels},le="+Inf"} ${count}`,
    `${name}_count{${labels}} ${count}`,
    `${name}_sum{${labels}} ${seconds}`,
  ];
}

function escaped(label: string): string {
  return label.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");
}
