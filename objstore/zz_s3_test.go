package objstore_test
import (
 "testing";"os";"fmt";"sync/atomic";"time";"context"
 "github.com/stretchr/testify/require"
 "github.com/aws/aws-sdk-go-v2/service/s3"
 "github.com/aws/aws-sdk-go-v2/config"
 "github.com/aws/aws-sdk-go-v2/aws"
 "streamhouse/objstore";"streamhouse/objstore/storetest"
)
var nb atomic.Int64
func bucket(t testing.TB) string {
 cfg,err:=config.LoadDefaultConfig(t.Context(),config.WithRegion("us-east-1")); require.NoError(t,err)
 c:=s3.NewFromConfig(cfg,func(o *s3.Options){o.UsePathStyle=true})
 b:=fmt.Sprintf("b%d-%d",time.Now().UnixNano(),nb.Add(1))
 _,err=c.CreateBucket(t.Context(),&s3.CreateBucketInput{Bucket:aws.String(b)}); require.NoError(t,err); return b
}
func TestZZS3(t *testing.T){
 for _,p:=range []string{"","pre/fix"} { t.Run("p"+p,func(t *testing.T){
 storetest.RunWith(t,storetest.Options{NoListOrder: os.Getenv("NOORDER")!=""},func(t *testing.T) objstore.Store{
  s,err:=objstore.NewS3(t.Context(),objstore.S3Options{Bucket:bucket(t),Region:"us-east-1",Prefix:p}); require.NoError(t,err)
  require.NoError(t,s.CheckBucket(t.Context()))
  return s })})}
}
func BenchmarkZZS3(b *testing.B){
 s,err:=objstore.NewS3(context.Background(),objstore.S3Options{Bucket:bucket(b),Region:"us-east-1"}); require.NoError(b,err)
 for _,sz:=range []int{4096,8<<20}{ body:=make([]byte,sz)
 var i int
 b.Run(fmt.Sprintf("put%d",sz),func(b *testing.B){b.SetBytes(int64(sz));b.ReportAllocs();for b.Loop(){i++;require.NoError(b,s.Put(b.Context(),fmt.Sprintf("x/%d/%d",sz,i),body))}})
 b.Run(fmt.Sprintf("get%d",sz),func(b *testing.B){b.SetBytes(int64(sz));b.ReportAllocs();for b.Loop(){_,err:=s.Get(b.Context(),fmt.Sprintf("x/%d/1",sz)); if err!=nil {_,err=s.Get(b.Context(),fmt.Sprintf("x/%d/%d",sz,i))}; require.NoError(b,err)}})
 }
}
