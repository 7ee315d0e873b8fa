// One trace, for whoever has the link to it. Nothing else of the server is within reach.
import { useMemo } from 'preact/hooks';
import type { SharedTrace } from '../../api.gen';
import { get } from '../../app/api';
import { useResource } from '../../app/resource';
import { navigate, route } from '../../app/router';
import { ThemeButton } from '../../app/shell';
import { useTitle } from '../../app/title';
import { ago, clock } from '../../lib/format';
import { Icon } from '../../ui/icon';
import { Empty, Failed, Loading } from '../../ui/state';
import { waitText } from '../login/login';
import { fromShare } from '../trace/source';
import { TraceView } from '../trace/view';

export function Share() {
  const secret = route.value.params['secret']!;
  const path = '/api/share/' + encodeURIComponent(secret);
  const shared = useResource(path, (signal) => get<SharedTrace>(path, {}, signal));
  const source = useMemo(() => shared.data && fromShare(secret, shared.data), [secret, shared.data]);
  useTitle(shared.data ? shared.data.trace.name : 'Shared trace');
  const select = (id?: string) => source && navigate(source.href(id) + location.search, { replace: true, keepScroll: true });
  return (
    <div class="share">
      <header class="share-head">
        <span class="brand"><Icon name="traces" size={18} />tailrace</span>
        {shared.data && <Banner share={shared.data.share} />}
        <ThemeButton />
      </header>
      <main>
        {!source && <h1 class="sr">Shared trace</h1>}
        {source ? <TraceView source={source} spanId={route.value.params['span']} onSelect={select} /> : shared.error ? <NoShare error={shared.error} retry={shared.reload} /> : <Loading />}
      </main>
    </div>
  );
}

function Banner({ share }: { share: SharedTrace['share'] }) {
  return (
    <p class="grow share-banner">
      <b>Shared trace</b>, {share.content ? 'with all contents' : 'without contents: names, times and tokens alone'}.{' '}
      <time dateTime={share.expires} title={clock(share.expires)}>The link expires {ago(share.expires)}.</time>
    </p>
  );
}

function NoShare({ error, retry }: { error: Parameters<typeof Failed>[0]['error']; retry(): void }) {
  if (error.status === 404) {
    return <Empty page icon="link" title="This link does not work"><p>It may have expired or been revoked, or a part of it is missing. Ask whoever sent it for a new one.</p></Empty>;
  }
  if (error.status === 429) return <Empty page icon="clock" title="Too many requests"><p>{waitText(error)}</p></Empty>;
  return <Failed error={error} retry={retry} what="the shared trace" />;
}
