/** The tables of TPC-H. */
export const tables = ["customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier"] as const;
