/** A relation and its partitions, as the queries take them. */
export interface RelationTree {
  /** The relation's oid, as text. */
  readonly root: string;
  /** The oids of the relation and of every partition below it, as a literal of `oid[]`: `{16384,16391}`. */
  readonly members: string;
}
