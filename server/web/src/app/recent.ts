// The last events of a stream, for a tab that joins it later.

export interface LiveEvent {
  name: string;
  data: string;
  /** Of the last commit that was complete before it, or of its own where it ends one; '' before the first. */
  id: string;
}

export class Recent {
  private events: LiveEvent[] = [];

  /** Holds what comes behind a commit ('' is: from now on), at most so many events. */
  constructor(private from: string, private readonly most = 500) {}

  add(e: LiveEvent) {
    this.events.push(e);
    if (this.events.length > this.most) this.from = this.events.shift()!.id || this.from;
  }

  /** What came behind a commit, perhaps with some of that commit again; null: too much came since, or it is not known. */
  after(id: string): LiveEvent[] | null {
    if (id === '' || this.from === '' || Number(id) < Number(this.from)) return null;
    return this.events.filter((e) => Number(e.id) >= Number(id));
  }
}
