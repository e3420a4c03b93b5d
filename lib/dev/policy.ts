/**
 * Decides as IAM does whether statements allow a request: actions and resources with wildcards, and the condition
 * operators that Volley's roles use. There are no denies.
 * Source: AWS IAM User Guide, "IAM JSON policy elements: Condition operators".
 */

export interface Statement {
  readonly actions: readonly string[];
  /** ARNs. */
  readonly resources: readonly string[];
  readonly conditions?: Readonly<Record<string, Readonly<Record<string, string | readonly string[]>>>>;
}

export interface Asked {
  /** "s3:GetObject" */
  readonly action: string;
  /** An ARN. */
  readonly resource: string;
  /** Values of context keys, such as s3:prefix. */
  readonly context?: Readonly<Record<string, readonly string[]>>;
}

export function allows(statements: readonly Statement[], asked: Asked): boolean {
  return statements.some(
    ({ actions, resources, conditions = {} }) =>
      actions.some((pattern) => like(pattern.toLowerCase(), asked.action.toLowerCase())) &&
      resources.some((pattern) => like(pattern, asked.resource)) &&
      Object.entries(conditions).every(([operator, keys]) =>
        Object.entries(keys).every(([key, patterns]) => holds(operator, [patterns].flat(), asked.context?.[key])),
      ),
  );
}

function holds(operator: string, patterns: readonly string[], values: readonly string[] | undefined): boolean {
  const one = (value: string) => patterns.some((pattern) => like(pattern, value));
  switch (operator) {
    case "StringEquals":
      return values?.some((value) => patterns.includes(value)) ?? false;
    case "StringLike":
      return values?.some(one) ?? false;
    case "ForAllValues:StringEquals":
      return values?.every((value) => patterns.includes(value)) ?? true;
    case "ForAllValues:StringLike":
      // True, too, of a request without such values.
      return values?.every(one) ?? true;
    default:
      throw new Error(`the condition operator ${operator} is not emulated`);
  }
}

/** * stands for any text, ? for one character. */
function like(pattern: string, text: string): boolean {
  const expression = pattern
    .replace(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`, "s").test(text);
}
