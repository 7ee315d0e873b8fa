import type { ComponentType } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { Failed, Loading } from '../ui/state';
import { ApiError } from './api';

/** The pages of a script that is loaded when the first of them is shown, and stays. */
export function lazily<M>(load: () => Promise<M>) {
  let loaded: M | undefined;
  return <P extends object>(pick: (pages: M) => ComponentType<P>): ComponentType<P> => function Lazy(props: P) {
    const [, show] = useState({});
    const [failed, setFailed] = useState(false);
    useEffect(() => {
      if (!loaded) load().then((m) => { loaded = m; show({}); }, () => setFailed(true));
    }, []);
    if (failed) return <Failed error={new ApiError(0, 'script', 'A part of the dashboard did not load: the server may have been updated.')} retry={() => location.reload()} />;
    if (!loaded) return <Loading />;
    const Page = pick(loaded);
    return <Page {...props} />;
  };
}
