/* tailrace, Apache-2.0; of what is in here by others: LICENSES.txt */
import{g,h as p,j as $,t as F}from"./chunk-RG3EUCJB.js";function R(t,n){let e=[["Type",t.type],["Status",t.status],["Start",t.start],["Duration",g(t.duration_ns)],["Service",t.service],["Tokens",y(t)],["Cost",t.cost_usd==null?"":$(t.cost_usd)],["Span",t.span_id],["Trace",t.trace_id]],o=S(t).map(([r,a])=>`
**${r}**

${T(a)}`);return`### ${d(t.name)}

| | |
|---|---|
${e.filter(([,r])=>r).map(([r,a])=>`| ${r} | ${d(a)} |`).join(`
`)}
${o.join(`
`)}

${n}
`}function A(t,n){let e=`Span "${t.name}" (${t.type}) of service "${t.service}": ${t.status}, ${g(t.duration_ns)}, started ${t.start}.`,o=y(t);return[e,o&&`Tokens: ${o}.`,`Source: ${n}`,...S(t).map(([r,a])=>`
${r}:
${h(a)}`)].filter(Boolean).join(`
`)+`
`}var y=t=>t.usage.total?`${p(t.usage.input)} in, ${p(t.usage.output)} out`:"";function S(t){return[["Error",t.error&&w(t.error)],["Input",t.input],["Output",t.output],["Attributes",t.attributes],["Metadata",t.metadata],["Request context",t.request_context],["Events",t.events.length?t.events:null]].filter(([,e])=>e!=null&&!(typeof e=="object"&&!Object.keys(e).length))}function w(t){let n=[t.id,t.domain,t.category].filter(Boolean).join(" · "),e=t.details==null?"":`
`+h(t.details);return`${t.name?t.name+": ":""}${t.message}${n&&` (${n})`}${t.stack&&`
`+t.stack}${e}`}var h=t=>typeof t=="string"?t:JSON.stringify(t,null,2);function T(t){let n=h(t),e=Math.max(2,...[...n.matchAll(/`{3,}/g)].map(r=>r[0].length)),o="`".repeat(e+1);return`${o}${typeof t=="string"?"":"json"}
${n}
${o}`}var d=t=>t.replace(/\s+/g," ").replace(/[\\|<>*_`[\]]/g,"\\$&");function q(t){let n=[["TraceID",l(t.trace_id)],["ID",l(t.span_id)]],e=(u,i)=>{i&&n.push([u,l(i)])},o=(u,i)=>{i!=null&&n.push([u,f(i)])},r=(u,i)=>{i&&n.push([u,I(i)])};e("ParentID",t.parent_id),e("ExternalParentID",t.external_parent_id),e("Name",t.name),e("Type",t.type),e("EntityType",t.entity?.type),e("EntityID",t.entity?.id),e("EntityName",t.entity?.name),r("Start",t.start),r("End",t.end),o("Attributes",t.attributes),o("Metadata",t.metadata),o("RequestContext",t.request_context),o("Input",t.input),o("Output",t.output),t.is_event&&n.push(["Event","true"]),t.is_root&&n.push(["Root","true"]),t.tags.length&&n.push(["Tags",`[]string{${t.tags.map(l).join(", ")}}`]);let a=Object.entries(t.extra);return t.events.length&&a.push(["events",t.events]),a.length&&n.push(["Extra",k("[]span.Field{",a.map(([u,i])=>`{Key: ${l(u)}, Value: ${f(i)}}`),2)]),t.error&&n.push(["Error",j(t.error)]),`package recorded

import (
	"time"

	"github.com/tailrace-go/tailrace/span"
)

// recordedSpan is a span as it was recorded, for a test.
func recordedSpan() *span.Span {
	s := ${x("&span.Span{",n,1)}
	s.Freeze()
	return s
}
`}function j(t){let e=[["Message",t.message],["Name",t.name],["ID",t.id],["Domain",t.domain],["Category",t.category],["Stack",t.stack]].filter(([,o])=>o).map(([o,r])=>[o,l(r)]);return t.details!=null&&e.push(["Details",f(t.details)]),x("&span.Error{",e,2)}var k=(t,n,e)=>`${t}
${n.map(o=>"	".repeat(e+1)+o+`,
`).join("")}${"	".repeat(e)}}`;function x(t,n,e){let o=[];for(let r=0;r<n.length;){let a=r;for(;a<n.length&&!n[a][1].includes(`
`);)a++;let u=Math.max(0,...n.slice(r,a).map(([i])=>i.length));for(;r<a;r++)o.push((n[r][0]+":").padEnd(u+2)+n[r][1]);r<n.length&&o.push(n[r][0]+": "+n[r++][1])}return k(t,o,e)}var f=t=>{let n=JSON.stringify(t);return b.test(n)?l(n):"`"+n+"`"},b=/[`\r\0\uFEFF\u200B-\u200F\u202A-\u202E\u2066-\u2069]|[\uD800-\uDFFF]/,l=t=>JSON.stringify(t.replace(/[\uD800-\uDBFF][\uDC00-\uDFFF]|[\uD800-\uDFFF]/g,n=>n.length===2?n:"�")).replace(/[\x7F\uFEFF\u200B-\u200F\u2028-\u202E\u2066-\u2069]/g,n=>"\\u"+n.charCodeAt(0).toString(16).padStart(4,"0"));function I(t){let n=/^(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(?:\.(\d{1,9}))?Z$/.exec(t);if(!n)return"time.Time{}";let[,e,o,r,a,u,i,m=""]=n;return`time.Date(${[e,o,r,a,u,i,m.padEnd(9,"0")].map(Number).join(", ")}, time.UTC)`}var M=200;function P(t,n,e){let o=e.origin+n.href();return{link:o,curl:F(n,n.path,e),markdown:N(t,o)}}function N({trace:t,rows:n,byId:e},o){let r=new Map,a=[];for(let s of n){let c=e.has(s.parentId)&&s.parentId!==s.id?r.get(s.parentId)??[]:a;c!==a&&r.set(s.parentId,c),c.push(s)}let u=[],i=a.reverse().map(s=>({r:s,depth:0}));for(;i.length&&u.length<M;){let{r:s,depth:c}=i.pop(),D=[s.type,s.status==="running"?"running":s.event?"":g(s.dur),s.tokens?.total?`${p(s.tokens.total)} tokens`:"",s.status==="error"?"**failed**":""];u.push(`${"  ".repeat(Math.min(c,20))}- ${d(s.name)} (${D.filter(Boolean).join(", ")})`);for(let E of[...r.get(s.id)??[]].reverse())i.push({r:E,depth:c+1})}let m=t.spans-u.length,_=[t.status,g(t.duration_ns),`${p(t.spans)} spans`,t.span_errors?`${p(t.span_errors)} failed`:"",`${p(t.tokens.total)} tokens`,t.cost_usd==null?"":$(t.cost_usd)];return`### ${d(t.name)}

${_.filter(Boolean).join(" · ")}
Service ${d(t.service)}, started ${t.start}, trace ${t.trace_id}

${u.join(`
`)}${m>0?`
- … ${p(m)} more`:""}

${o}
`}export{q as spanGo,R as spanMarkdown,A as spanText,P as traceCopies};
